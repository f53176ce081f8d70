"""An action done once: to its object, to the set that was selected, or to nothing in particular."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from .conditions import fixes_of, refusals
from .definitions import SELECTION
from .exceptions import NON_FIELD_ERRORS, ActionError, InvalidPayloadError, RefusedError
from .payloads.screening import kind_of
from .results import render
from .selection import counted, read_selection, take_ids
from .versions import check_version, etag_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

    from .context import Refusal
    from .recording import Execution
    from .resource import ViewResource
    from .terms import Terms

MAX_PREVIEWED = 1000
"""Objects of a set whose changes a preview shows one by one."""


class Single:
    """One execution of an action's function."""

    def __init__(self, execution: Execution, resource: ViewResource) -> None:
        self._execution = execution
        self._resource = resource
        self._target: Any = None
        self.versions: dict[str, str] = {}
        """Tags of the objects before, where a preview or a plan needs them."""

    def check(self) -> Callable[[], Any]:
        """Find the object, and refuse what can be refused before the work; what is returned does the work.

        Raises:
            ActionError: Or any exception that `problem.to_error` knows.
        """
        execution, bound = self._execution, self._execution.bound
        target, payload = self._target_and_payload()
        if execution.terms.if_match is not None:
            check_version(execution.terms.if_match, self._resource.view, target)
        self._target = target
        self._watch()
        run = bound.runner.prepare(as_mapping(payload), target, self._resource.view, execution.context)
        for refusal in refusals(bound, target, execution.context) if bound.conditions else ():
            raise RefusedError(refusal.detail, code=refusal.code, extra=fix_of(refusal, self._resource.view))
        return run

    def body(self, run: Callable[[], Any]) -> Any:
        """Do the work and represent its result."""
        self._execution.has_begun = True
        return render(run(), self._execution.bound, self._resource, self._target)

    def _target_and_payload(self) -> tuple[Any, Any]:
        """What the action is for, and the payload without what named it."""
        execution, resource, bound = self._execution, self._resource, self._execution.bound
        action = bound.action
        # A lock outside of a transaction is one that the database refuses.
        is_locked = action.lock and action.atomic
        if bound.is_instance:
            target = resource.fetch(bound, is_locked)
            execution.object_id = target.pk
            return target, execution.payload
        payload, ids = take_ids(execution.payload, bound)
        selection = read_selection(resource.view, bound, ids)
        execution.selection = selection.as_record()
        if bound.selection == SELECTION.NONE.value:
            return None, payload
        queryset = resource.select(bound, selection, is_locked)
        if (expected := execution.terms.expect_count) is not None:
            queryset, count = counted(queryset, expected)
            check_count(expected, count)
        return queryset, payload

    def _watch(self) -> None:
        """Note what the object holds; where a preview or a plan looks, also of a set each object, and their versions.

        Of a large set only the first ones are looked at one by one.
        """
        execution, target = self._execution, self._target
        if execution.tracker is None or target is None:
            return
        if execution.bound.is_instance:
            execution.tracker.watch(target)
        if not is_looking(execution.terms):
            return
        objects = [target] if execution.bound.is_instance else _first(target)
        execution.tracker.watch(*objects)
        self.versions = {str(found.pk): etag_of(self._resource.view, found) for found in objects}
        if len(objects) == MAX_PREVIEWED:
            self.versions["count"] = str(target.count())


def is_looking(terms: Terms) -> bool:
    """Whether all that is done has to be known."""
    return terms.is_preview or terms.plan is not None


def _first(objects: QuerySet[Any]) -> list[Any]:
    """The first of a set, the same each time."""
    if not objects.ordered and not objects.query.is_sliced:
        objects = objects.order_by("pk")
    return list(objects[:MAX_PREVIEWED])


def fix_of(refusal: Refusal, view: Any) -> dict[str, Any]:
    """The actions that would make it possible, as a member of the problem document."""
    fixes = fixes_of(refusal, view)
    return {"fix": list(fixes)} if fixes else {}


def as_mapping(payload: Any) -> Mapping[str, Any]:
    """The payload, which has to be an object of fields.

    Raises:
        InvalidPayloadError: It is not.
    """
    if isinstance(payload, Mapping):
        return payload
    sentence = _("An object of fields was expected, not %(kind)s.") % {"kind": kind_of(payload)}
    raise InvalidPayloadError(errors={NON_FIELD_ERRORS: [sentence]})


def check_count(expected: int, count: int) -> None:
    """Refuse a set that has become another one.

    Raises:
        ActionError: With the number that it has now (409).
    """
    if count != expected:
        detail = _("%(count)s objects are meant now, not %(expected)s. Nothing was done.")
        facts = {"count": count, "expected": expected}
        raise ActionError(detail % facts, status=409, code="count_changed", extra=facts)
