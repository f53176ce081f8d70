"""A tool's arguments as a call: its object or objects, its payload, and its terms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from actions.exceptions import ActionError, InvalidPayloadError, InvalidSelectionError, InvalidTermError
from actions.selection import ALL, IDS, ITEMS
from actions.terms import IN_BODY, Terms, invalid, read_parameters, read_terms, truth

from .schemas import CONFIRM, FILTERS, ID, PAYLOAD, takes_objects, terms_schema

if TYPE_CHECKING:
    from collections.abc import Callable

    from actions.binding import BoundAction

Arguments = Mapping[str, Any]

MAX_ID = 255
FROM_QUERY = ("dry_run", "scheduled_time", "expect_count")
FLAGS = {"respond_async": "is_async", "continue_on_error": "is_each"}
NO_FIELDS = (IDS, ITEMS, *IN_BODY)
"""What the body of a request may hold besides the payload."""


@dataclass(frozen=True, slots=True)
class Call:
    """What a tool is to do."""

    target: str | None
    payload: Any
    query: QueryDict
    terms: Terms
    is_confirmed: bool = False


def read_arguments(bound: BoundAction, arguments: Arguments, filters: Callable[[], set[str]]) -> Call:
    """The call that the arguments describe.

    Args:
        bound: The action.
        arguments: As the client sent them. A term that is null was not said.
        filters: Gives the names of the list's filters, where they are needed.

    Raises:
        ActionError: An argument is unknown, missing or malformed; `errors` names it.
    """
    terms = {name: arguments[name] for name in terms_schema(bound) if arguments.get(name) is not None}
    selection = (IDS, FILTERS, ALL) if takes_objects(bound) else ()
    _refuse_unknown(arguments, [*_own(bound), *selection, *terms_schema(bound)], bound)
    payload = arguments.get(PAYLOAD, {})
    _refuse_terms_in(payload, bound)
    query = QueryDict(mutable=True)
    if any(name in arguments for name in selection):
        payload = _select(bound, arguments, payload, query, filters())
    return Call(
        target=_key(arguments) if bound.is_instance else None,
        payload=payload,
        query=query,
        terms=_terms(terms),
        is_confirmed=truth(CONFIRM, terms.get(CONFIRM, False)),
    )


def _own(bound: BoundAction) -> list[str]:
    return [ID, PAYLOAD] if bound.is_instance else [PAYLOAD]


def _refuse_unknown(sent: Arguments, known: Iterable[str], bound: BoundAction) -> None:
    errors = {}
    for name in sent:
        if name in known:
            continue
        if name in bound.fields:
            hint = _("It is a field of the action: send it inside of payload.")
        elif near := get_close_matches(name, known, n=1):
            hint = _('Did you mean "%(near)s"?') % {"near": near[0]}
        else:
            hint = _("Known: %(names)s.") % {"names": ", ".join(known)}
        errors[name[:100]] = [_("This argument is not known.") + " " + hint]
    if errors:
        raise ActionError(_("The arguments are not understood."), status=400, code="unknown_argument", errors=errors)


def _refuse_terms_in(payload: Any, bound: BoundAction) -> None:
    """Refuse in the payload what a body may hold besides: here it has one place, and that is beside the payload."""
    sent = [name for name in NO_FIELDS if isinstance(payload, Mapping) and name in payload and name not in bound.fields]
    if sent:
        sentence = _("This is no field of the action, and not read inside of payload.")
        raise InvalidPayloadError(errors={f"{PAYLOAD}.{name}": [sentence] for name in sent})


def _key(arguments: Arguments) -> str:
    """The key of the object, as a URL would have it."""
    key = arguments.get(ID)
    if isinstance(key, str | int) and not isinstance(key, bool) and _is_plain(str(key)):
        return str(key)
    sentence = _("The key of an object was expected.") if ID in arguments else _("Say which object is meant.")
    raise InvalidSelectionError(errors={ID: [sentence]})


def _select(bound: BoundAction, arguments: Arguments, payload: Any, query: QueryDict, filters: set[str]) -> Any:
    """Put the selection to where the list reads it: filters and `all` into the query, keys into the payload."""
    for name in (IDS, FILTERS, ALL):
        if name in arguments and arguments[name] is None:
            # Whoever says nothing may mean everything, and that has to be said in so many words.
            raise InvalidSelectionError(errors={name: [_("Null selects nothing in particular: leave it out.")]})
    _filter(arguments.get(FILTERS, {}), query, filters)
    if ALL in arguments and truth(ALL, arguments[ALL]):
        if ALL in filters:
            raise InvalidSelectionError(errors={ALL: [_("This list has a filter of that name: use filters.")]})
        query[ALL] = "true"
    if IDS not in arguments:
        return payload
    ids = arguments[IDS]
    if IDS in bound.fields:
        if not isinstance(ids, list) or not all(isinstance(key, str | int) and _is_plain(str(key)) for key in ids):
            raise InvalidSelectionError(errors={IDS: [_("A list of keys was expected, as in [7, 8].")]})
        query[IDS] = ",".join(map(str, ids))
        return payload
    if not isinstance(payload, Mapping):
        raise InvalidPayloadError(errors={PAYLOAD: [_("An object of fields was expected.")]})
    return {**payload, IDS: ids}


def _filter(said: Any, query: QueryDict, known: set[str]) -> None:
    if not isinstance(said, Mapping):
        raise InvalidSelectionError(errors={FILTERS: [_("An object of filters was expected.")]})
    errors = {}
    for name, value in said.items():
        sent = value if isinstance(value, list) else [value]
        values = [text for text in map(_sent, sent) if text is not None]
        if name not in known:
            names = {"names": ", ".join(sorted(known)) or "-"}
            errors[f"{FILTERS}.{name[:100]}"] = [_("This filter is not known. Known: %(names)s.") % names]
        elif not values or len(values) < len(sent):
            errors[f"{FILTERS}.{name}"] = [_("A text, a number, true, false or a list of these was expected.")]
        else:
            query.setlist(name, values)
    if errors:
        raise InvalidSelectionError(errors=errors)


def _sent(value: Any) -> str | None:
    """A filter's value as a query has it; None for what a query cannot say."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) and _is_text(str(value)) else None


def _terms(said: Arguments) -> Terms:
    terms = read_parameters({name: said[name] for name in FROM_QUERY if name in said})
    others: dict[str, Any] = {flag: truth(name, said[name]) for name, flag in FLAGS.items() if name in said}
    if "idempotency_key" in said:
        others["key"] = _of_header("idempotency_key", "Idempotency-Key", _quoted(said["idempotency_key"])).key
    if "etag" in said:
        others["if_match"] = _of_header("etag", "If-Match", _tag(said["etag"])).if_match
    if "plan" in said:
        others["plan"] = _of_header("plan", "If-Plan", said["plan"]).plan
    return replace(terms, **others) if others else terms


def _of_header(argument: str, header: str, value: Any) -> Terms:
    """What a header of that value would say; its refusal names the argument."""
    if not isinstance(value, str) or not _is_text(value):
        raise invalid(argument, _("A text was expected."))
    try:
        return read_terms({header: value}, {})
    except InvalidTermError as error:
        raise invalid(argument, " ".join(error.errors.get(header, [error.detail]))) from error


def _quoted(key: Any) -> Any:
    """An Idempotency-Key in the quotes of its header; one that was sent with them already stays as it is."""
    if not isinstance(key, str) or key.startswith('"'):
        return key
    return '"{}"'.format(key.replace("\\", "\\\\").replace('"', '\\"'))


def _tag(tag: Any) -> Any:
    """An ETag in its quotes."""
    return tag if not isinstance(tag, str) or tag == "*" or tag.startswith(('"', "W/")) else f'"{tag}"'


def _is_plain(text: str) -> bool:
    """Whether a text may be a key: a database can be asked for it."""
    return _is_text(text) and "\0" not in text and 0 < len(text) <= MAX_ID


def _is_text(text: str) -> bool:
    """Whether a text has no halves of surrogate pairs, which JSON can hold and nothing else."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
