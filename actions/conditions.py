"""The conditions of an action: functions `(object, context) -> None | Refusal`.

One that can also be said of a queryset costs one statement for any number of objects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from django.db.models import QuerySet

from .context import ActionContext, Refusal
from .exceptions import ConfigurationError

if TYPE_CHECKING:
    from django.db.models import Model

    from .binding import BoundAction

Condition = Callable[[Any, ActionContext], Refusal | None]
Passes = Callable[[Any, ActionContext], QuerySet[Any]]
Function = TypeVar("Function", bound=Callable[..., Any])

CHUNK = 10_000
"""Keys that one statement names."""


def condition(*, passes: Passes) -> Callable[[Function], Function]:
    """Give a condition a form over a queryset.

        @condition(passes=lambda todos, context: todos.filter(is_done=False))
        def not_done(todo: Todo, context: ActionContext) -> Refusal | None:
            return Refusal("already_done", "The todo is done already.") if todo.is_done else None

    Of many objects one statement finds those that pass; the function is asked for the others only, why not. A single
    object is asked by the function alone.

    Args:
        passes: Gets a queryset and the context, and narrows it to the objects to which the function answers None.
    """

    def decorate(function: Function) -> Function:
        function.passes = passes  # type: ignore[attr-defined]
        return function

    return decorate


def refusals(bound: BoundAction, target: Any, context: ActionContext) -> Iterator[Refusal]:
    """What the conditions have against it, in their order, each asked when its turn comes.

    Args:
        bound: The action.
        target: Its object, or for a bulk action the queryset.
        context: Of the call, or of the question whether one would be possible.

    Raises:
        ConfigurationError: A condition returned something else.
    """
    for asked in bound.conditions:
        if (refusal := _ask(bound, asked, target, context)) is not None:
            yield refusal


def refusals_of_many(
    bound: BoundAction, objects: Sequence[Model], queryset: QuerySet[Any], context: ActionContext
) -> dict[Any, list[Refusal]]:
    """What the conditions of an instance action have against each of the objects, by primary key.

    The arguments are those of `ConditionsOfMany`.

    Raises:
        ConfigurationError: A condition returned something else, or its two forms contradict each other.
    """
    conditions = ConditionsOfMany(bound, objects, queryset, context)
    return {found.pk: list(conditions.refusals(found)) for found in objects}


def fixes_of(refusal: Refusal, view: Any) -> tuple[str, ...]:
    """The actions that would make it possible; names of which the ViewSet has no action help nobody."""
    if not refusal.fix:
        return ()
    known = view.action_registry.definitions
    return tuple(name for name in refusal.fix if name in known)


class ConditionsOfMany:
    """The conditions of an instance action, about to be asked for several objects."""

    def __init__(
        self, bound: BoundAction, objects: Sequence[Model], queryset: QuerySet[Any], context: ActionContext
    ) -> None:
        """Ask those that have a form over a queryset.

        Args:
            bound: The action.
            objects: In memory.
            queryset: One that has all of them, perhaps more; not sliced. Conditions get it narrowed to the objects, so
                that they may use its methods and annotations.
            context: Of the call, or of the question whether one would be possible.

        Raises:
            ConfigurationError: A condition's form gave no queryset.
        """
        self._bound = bound
        self._context = context
        # The order does not matter, and rows that are locked are locked already.
        self._queryset = queryset.order_by()
        self._queryset.query.select_for_update = False
        keys = [found.pk for found in objects]
        self._conditions = [(asked, self._passing(asked, keys)) for asked in bound.conditions]

    def refusals(self, found: Model) -> Iterator[Refusal]:
        """What the conditions have against one of the objects, in their order.

        Raises:
            ConfigurationError: A condition returned something else, or its two forms contradict each other.
        """
        for asked, passing in self._conditions:
            if passing is not None and found.pk in passing:
                continue
            refusal = _ask(self._bound, asked, found, self._context)
            if refusal is None and passing is not None:
                refusal = self._ask_again(asked, found)
            if refusal is not None:
                yield refusal

    def _passing(self, asked: Condition, keys: list[Any]) -> set[Any] | None:
        """The keys of the objects that pass, None of a condition that has no form over a queryset."""
        if not hasattr(asked, "passes"):
            return None
        passing: set[Any] = set()
        for start in range(0, len(keys), CHUNK):
            rows = self._narrowed(asked, self._queryset.filter(pk__in=keys[start : start + CHUNK]))
            passing.update(rows.values_list("pk", flat=True))
        return passing

    def _narrowed(self, asked: Any, rows: QuerySet[Any]) -> QuerySet[Any]:
        narrowed = asked.passes(rows, self._context)
        if isinstance(narrowed, QuerySet) and narrowed.model is rows.model:
            return narrowed
        raise ConfigurationError(
            f"{self._bound.name}: passes of condition {_name(asked)} returned {type(narrowed).__name__}, "
            "not the queryset that it got, narrowed."
        )

    def _ask_again(self, asked: Condition, found: Model) -> Refusal | None:
        """The refusal of an object that does not pass, although nothing is against it: its row has perhaps changed."""
        row = self._queryset.filter(pk=found.pk)
        now = row.first()
        if now is None:
            return None
        refusal = _ask(self._bound, asked, now, self._context)
        if refusal is None and not self._narrowed(asked, row).exists():
            raise ConfigurationError(
                f"{self._bound.name}: condition {_name(asked)} contradicts itself. Its function has nothing against "
                f"{found._meta.label} {found.pk}, but passes leaves it out."
            )
        return refusal


def _ask(bound: BoundAction, asked: Condition, target: Any, context: ActionContext) -> Refusal | None:
    refusal = asked(target, context)
    if refusal is None or isinstance(refusal, Refusal):
        return refusal
    raise ConfigurationError(f"{bound.name}: condition {_name(asked)} returned {refusal!r}, not None or a Refusal.")


def _name(asked: Any) -> str:
    return str(getattr(asked, "__name__", asked))
