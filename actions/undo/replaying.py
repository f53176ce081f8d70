"""Doing again what failed, with the request as it is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from actions.django_payloads import FormPayload, SerializerPayload
from actions.exceptions import ActionError, InvalidPayloadError
from actions.models import UNFINISHED, EventAction, Outcome
from actions.payloads.nodes import declared_fields, types_of
from actions.selection import ALL, IDS, ITEMS

from .originals import Original, is_cut_off, is_masked, refusal

if TYPE_CHECKING:
    from actions.binding import BoundAction
    from actions.context import ActionContext

NOT_REPLAYABLE = "not_replayable"
WHEN = ("scheduled_time", "cron")
"""Members of a body that say when: a replay is for now."""
_NOT_FAILED = {
    Outcome.REFUSED.value: lazy("It was refused, and did not fail: call the action itself, as it should have been."),
    Outcome.CANCELLED.value: lazy("It was cancelled, and did not fail: call the action itself."),
    Outcome.PENDING.value: lazy("It has not begun yet."),
    Outcome.RUNNING.value: lazy("It has not ended yet."),
    Outcome.SUCCEEDED.value: lazy("It succeeded: there is nothing to be done again."),
}
FILE_MEMBERS = frozenset({"name", "size", "content_type"})
"""What a record keeps of an uploaded file."""


def replay(event: EventAction, context: ActionContext) -> Any:
    """Do again what failed: the same action with the same request, as the caller.

    Args:
        event: The record of the failure.
        context: Of this call, in whose transaction it is done.

    Returns:
        The action's own answer.

    Raises:
        ActionError: It did not fail, or the record does not have all of the request (409 `not_replayable`). Besides
            everything that the action itself may be refused with.
    """
    original = _usable(event, context)
    _refuse_done(event, context)
    data = _request_of(original)
    watched = [] if event.object_id is None else [event.object_id]
    return original.perform(original.bound, original.target(), data, query=_query_of(event), watched=watched)


def why_not_replayable(event: EventAction, context: ActionContext) -> str:
    """What is against it by the record alone, for a person; "" where nothing is."""
    try:
        _usable(event, context)
    except ActionError as error:
        return error.detail
    return ""


def _usable(event: EventAction, context: ActionContext) -> Original:
    """The action, if the record has what is needed to do it again.

    Raises:
        ActionError: It has not.
    """
    if event.outcome != Outcome.FAILED.value:
        raise refusal(NOT_REPLAYABLE, str(_NOT_FAILED.get(event.outcome, _("It did not fail."))))
    original = Original(event, context, NOT_REPLAYABLE)
    _refuse_unfit(original)
    return original


def _refuse_unfit(original: Original) -> None:
    """Refuse what cannot be done again by the record alone."""
    event, bound = original.event, original.bound
    data, selection = event.request_data, event.selection
    if data is None:
        raise original.refusal(_("It failed before its request was read."))
    if is_masked(data) or is_masked(selection):
        raise original.refusal(_("The request has secrets, which are not recorded."))
    if is_cut_off(data) or is_cut_off(selection):
        raise original.refusal(_("The request is not recorded in full."))
    if files := _files(bound, data):
        raise original.refusal(_("Files are not recorded: %(names)s.") % {"names": ", ".join(files)})
    if not bound.action.atomic:
        raise original.refusal(_("It has no transaction: a part of it may have been done."))
    if bound.needs_version:
        raise original.refusal(_("It is done only to a version that the caller names."))
    if event.object_id is None and not bound.takes_nothing and not selection:
        raise original.refusal(_("Which objects it was for is not recorded."))


def _refuse_done(event: EventAction, context: ActionContext) -> None:
    """Refuse to do it once more where a replay has done it."""
    replays = EventAction.objects.using(context.using).of_object(context.resource, event.pk)
    ended_well = replays.filter(action=context.action, outcome__in=(Outcome.SUCCEEDED.value, *UNFINISHED))
    done = ended_well.exclude(uid=context.uid).first()
    if done is not None:
        raise refusal(NOT_REPLAYABLE, _("It has been done again already: event %(event)s.") % {"event": done.pk})


def _request_of(original: Original) -> Any:
    """The body as it was sent."""
    event, bound = original.event, original.bound
    data = event.request_data
    if not isinstance(data, Mapping):
        return data
    left_out = {name for name in (*WHEN, IDS) if name not in bound.fields}
    payload = {name: value for name, value in data.items() if name not in left_out}
    ids = (event.selection or {}).get(IDS)
    if ids is None or (ITEMS in payload and ITEMS not in bound.fields):
        return _in_its_form(bound, payload)
    return _in_its_form(bound, payload, {IDS: ids})


def _in_its_form(bound: BoundAction, payload: dict[str, Any], members: Mapping[str, list[Any]] | None = None) -> Any:
    """The payload as JSON values or, where only that fits, as the texts of a form."""
    values = {name: value if isinstance(value, list) else [value] for name, value in payload.items()}
    is_text = all(isinstance(each, str) for texts in values.values() for each in texts)
    if is_text and not isinstance(bound.payload, FormPayload | SerializerPayload):
        try:
            bound.payload.validate(payload)
        except InvalidPayloadError:
            keys = {name: list(map(str, ids)) for name, ids in (members or {}).items()}
            return MultiValueDict({**values, **keys})
    return {**payload, **(members or {})}


def _query_of(event: EventAction) -> QueryDict:
    """The query that says which objects are meant."""
    selection = event.selection or {}
    query = QueryDict(mutable=True)
    for name, said in (selection.get("filter") or {}).items():
        query.setlist(name, said if isinstance(said, list) else [said])
    if selection.get(ALL):
        query[ALL] = "true"
    return query


def _files(bound: BoundAction, data: Any) -> list[str]:
    """Names of the fields in which a file was sent: of it, the record has name and size."""
    if not isinstance(data, Mapping):
        return []
    schema = bound.payload.json_schema()
    declared = declared_fields(schema, schema)
    return [name for name, value in data.items() if _was_file(value, declared.get(name, {}), schema)]


def _was_file(value: Any, node: Any, schema: dict[str, Any]) -> bool:
    values = value if isinstance(value, list) else [value]
    if not any(isinstance(each, dict) and each.keys() == FILE_MEMBERS for each in values):
        return False
    item = node.get("items", {}) if isinstance(value, list) and isinstance(node, Mapping) else node
    return "object" not in types_of(schema, item)
