"""A call of an action, as a command line says it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.http import QueryDict

from actions.call import perform
from actions.definitions import SELECTION
from actions.exceptions import InvalidTermError
from actions.requests import find, make_view
from actions.selection import IDS, ITEMS, query_parameters
from actions.terms import PLAIN, Terms, merged, read_parameters, read_terms

from .fields import FIELDS, read_document, read_fields
from .sources import Sources, misuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.contrib.auth.base_user import AbstractBaseUser

    from actions.binding import BoundAction
    from actions.context import OnProgress
    from actions.execution import Outcome

DOOR = "command"

Options = Mapping[str, Any]

HEADERS = {"key": "Idempotency-Key", "if_match": "If-Match", "plan": "If-Plan"}
PARAMETERS = {"at": "scheduled_time", "cron": "cron", "expect_count": "expect_count"}
OPTIONS = {
    **{term: f"--{option.replace('_', '-')}" for option, term in (HEADERS | PARAMETERS).items()},
    "Prefer": "--continue-on-error",
    "dry_run": "--dry-run",
}
"""The option for what a header or parameter says over HTTP."""


@dataclass(frozen=True, slots=True)
class Call:
    """Everything that `actions.call.perform` is to be told."""

    bound: BoundAction
    payload: dict[str, Any]
    actor: AbstractBaseUser | None
    terms: Terms
    target: str | None = None
    ids: list[str] | None = None
    items: list[Any] | None = None
    filters: dict[str, Any] | None = None
    is_all: bool = False

    def perform(self, on_progress: OnProgress | None = None, terms: Terms | None = None) -> Outcome:
        """Carry it out.

        Args:
            on_progress: Is told what the action reports.
            terms: In place of its own.

        Raises:
            ActionError: It was refused or failed.
        """
        return perform(
            self.bound.name,
            self.target,
            self.payload,
            actor=self.actor,
            ids=self.ids,
            items=self.items,
            filters=self.filters,
            is_all=self.is_all,
            terms=self.terms if terms is None else terms,
            on_progress=on_progress,
            door=DOOR,
        )


def read_call(bound: BoundAction, options: Options, sources: Sources) -> Call:
    """The call that the options describe.

    Raises:
        CommandError: They are not understood, or contradict each other.
    """
    actor = None if options["anonymous"] else _actor(options["username"])
    terms = read_options(options)
    filters = _filters(options["filters"] or ())
    _refuse_unknown_filters(bound, filters, actor)
    items = None if options["items"] is None else _items(bound, options["items"], sources)
    payload = {**read_document(options["data"], sources), **read_fields(options[FIELDS] or (), bound, sources)}
    call = Call(bound, payload, actor, terms, items=items, is_all=options["is_all"])
    return _with_objects(call, list(options["keys"]), filters)


def read_options(options: Options) -> Terms:
    """The terms of the call.

    Raises:
        CommandError: One cannot be understood.
    """
    terms = replace(
        PLAIN, is_preview=options["dry_run"], is_async=options["later"], is_each=options["continue_on_error"]
    )
    for option, header in HEADERS.items():
        if options[option] is not None:
            terms = merged(terms, _term(header, lambda: read_terms({header: _QUOTE[header](options[option])}, {})))  # noqa: B023 - it is called at once
    for option, name in PARAMETERS.items():
        if options[option] is not None:
            terms = merged(terms, _term(name, lambda: read_parameters({name: options[option]})))  # noqa: B023
    return terms


def _term(name: str, read: Any) -> Terms:
    try:
        return read()  # type: ignore[no-any-return]
    except InvalidTermError as error:
        raise misuse(f"{OPTIONS[name]}: {' '.join(error.errors[name])}") from error


def _quoted(key: str) -> str:
    """A key in the quotes that the header has, which shells take away."""
    return key if key.startswith('"') else '"{}"'.format(key.replace("\\", "\\\\").replace('"', '\\"'))


def _tag(tag: str) -> str:
    """An ETag in its quotes."""
    return tag if tag == "*" or tag.startswith(('"', "W/")) else f'"{tag}"'


_QUOTE: dict[str, Any] = {"Idempotency-Key": _quoted, "If-Match": _tag, "If-Plan": str}


def _with_objects(call: Call, keys: list[str], filters: dict[str, Any]) -> Call:
    """The call with what it is about."""
    bound, terms = call.bound, call.terms
    is_of_several = bool(filters) or call.is_all or call.items is not None
    if bound.takes_nothing and (keys or is_of_several):
        raise misuse(f'"{bound.name}" takes no objects: leave out keys, --filter, --all and --items.')
    if bound.is_instance and not keys and not is_of_several:
        raise misuse(
            f'"{bound.name}" is done to an object: give its key, as in "action {bound.resource} {bound.id} 7 …", '
            "or several, or --filter, --all or --items."
        )
    if bound.selection == SELECTION.FILTER.value and not bound.is_instance and not keys and not is_of_several:
        raise misuse("Say which objects are meant: their keys, --filter, --all or --items.")
    is_single = not is_of_several and not terms.is_each and terms.expect_count is None
    if bound.is_instance and len(keys) == 1 and is_single:
        return replace(call, target=keys[0])
    if keys and IDS in bound.fields:
        # The action's own field of that name is in the payload; the query has the keys.
        filters = {**filters, IDS: ",".join(keys)}
        keys = []
    return replace(call, ids=keys or None, filters=filters or None)


def _filters(said: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Values by name, a list where a name was said more than once."""
    found: dict[str, Any] = {}
    for name, value in said:
        if name in found:
            before = found[name] if isinstance(found[name], list) else [found[name]]
            found[name] = [*before, value]
        else:
            found[name] = value
    return found


def _refuse_unknown_filters(bound: BoundAction, said: Iterable[str], actor: AbstractBaseUser | None) -> None:
    if bound.takes_nothing or not said:
        return
    registry, _bound = find(bound.name)
    view = make_view(registry, bound, target=None, data={}, actor=actor, query=QueryDict())
    known, others = query_parameters(view)
    for name in said:
        if name not in known | others:
            near = get_close_matches(name, known, n=1)
            listed = f"There are: {', '.join(sorted(known))}." if known else "The list has none."
            hint = f'Did you mean "{near[0]}"?' if near else listed
            raise misuse(f'--filter: there is no filter "{name}". {hint}')


def _items(bound: BoundAction, text: str, sources: Sources) -> list[Any]:
    if ITEMS in bound.fields:
        raise misuse(f"--items: the action has a field of that name. Give it as --param {ITEMS}=… or in --data.")
    items = sources.json("--items", text, is_path=True)
    if not isinstance(items, list) or not all(isinstance(item, Mapping) for item in items):
        raise misuse('--items: a JSON list was expected, as in [{"id": 7, "params": {}}].')
    return items


def _actor(name: str) -> AbstractBaseUser:
    """The user of that name.

    Raises:
        CommandError: There is none, or they may not log in.
    """
    model = get_user_model()
    user = model._default_manager.filter(**{model.USERNAME_FIELD: name}).first()
    if user is None:
        raise misuse(f'--as: there is no user "{name}".')
    if not user.is_active:
        raise misuse(f'--as: the user "{name}" is not active.')
    return user
