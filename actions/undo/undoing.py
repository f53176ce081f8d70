"""Taking back what an action did: by the inverse action that its definition names, or from the recorded changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.exceptions import ActionError
from actions.keys import key_value
from actions.models import UNFINISHED, EventAction, Outcome
from actions.redaction import secret_names
from actions.selection import IDS, Selection

from .originals import Original, refusal
from .restoring import Restoration
from .standing import standing_undo, succeeded_keys

if TYPE_CHECKING:
    from actions.context import ActionContext

NOT_UNDOABLE = "not_undoable"


def undo(event: EventAction, context: ActionContext) -> Any:
    """Take back what an execution did, as the caller.

    Args:
        event: Its record.
        context: Of this call, in whose transaction it is done.

    Returns:
        `{"event", "undone"}` with the changes that were taken back, or the answer of the inverse action.

    Raises:
        ActionError: The caller may not change the objects (403, 404), others have changed them since
            (409 `changed_since`), or it cannot be undone (409 `not_undoable`).
    """
    original = _usable(event, context)
    if original.bound.action.undo is not None:
        return _by_inverse(original, original.bound.action.undo)
    return _from_changes(event, context)


def why_not_undoable(event: EventAction, context: ActionContext) -> str:
    """What is against it by the record alone, for a person; "" where nothing is."""
    try:
        _usable(event, context)
    except ActionError as error:
        return error.detail
    return ""


def _usable(event: EventAction, context: ActionContext) -> Original:
    """The action, if the record has what is needed to take it back.

    Raises:
        ActionError: It has not.
    """
    if event.outcome in UNFINISHED:
        raise refusal(NOT_UNDOABLE, _("It has not ended yet."))
    if event.outcome != Outcome.SUCCEEDED.value:
        raise refusal(NOT_UNDOABLE, _("It did not succeed: there is nothing to take back."))
    original = Original(event, context, NOT_UNDOABLE)
    if original.bound.action.undo is not None:
        return original
    if not event.is_complete:
        detail = _("Not all that it wrote is recorded: whoever takes a part of it back leaves something half.")
        raise original.refusal(detail)
    if not event.changes:
        raise original.refusal(_("It changed nothing."))
    return original


def _by_inverse(original: Original, name: str) -> Any:
    """Perform the inverse action on the same object, or on those of several that the execution reached."""
    inverse = original.registry.bound.get(name)
    if inverse is None or not inverse.is_instance:
        raise original.refusal(_("Its definition says undo: %(name)s, and there is no such action.") % {"name": name})
    event = original.event
    _refuse_undone(event, original.context)
    if event.object_id is not None:
        return original.perform(inverse, original.target(), {}, watched=[event.object_id])
    keys = succeeded_keys(event)
    if not keys:
        raise original.refusal(_("Which objects it was done to is not recorded."))
    is_key = original.registry.viewset.lookup_field == "pk"
    return original.perform(inverse, None, {IDS: keys}, watched=keys if is_key else [])


def _refuse_undone(event: EventAction, context: ActionContext) -> None:
    """Refuse to take it back once more: an inverse action looks at no value, and would go on and on."""
    undone = standing_undo(event, context)
    if undone is not None:
        raise refusal(NOT_UNDOABLE, _("It has been taken back already: event %(event)s.") % {"event": undone.pk})


def _from_changes(event: EventAction, context: ActionContext) -> dict[str, Any]:
    changes = event.changes or []
    # First whether the caller may, then what there is to tell.
    asked = _check_permitted(event, context)
    versions = {each.model: name for each in asked if (name := getattr(each.registry.viewset, "version_field", None))}
    sensitive = frozenset[str]().union(*(each.bound.sensitive for each in asked))
    restoration = Restoration(changes, context.using, versions, secret_names(sensitive))
    restoration.read()
    return {"event": event.pk, "undone": restoration.write(context.changes)}


def _check_permitted(event: EventAction, context: ActionContext) -> list[Original]:
    """Ask what would be asked if the caller did the action now, of each object that it was done to.

    Where it was done to a record, as an undo is, the question is the one of that record: whoever may not change an
    object may not do so by taking back that something was taken back.

    Returns:
        The actions that were asked for.

    Raises:
        APIException: Or any other refusal of the ViewSet.
    """
    asked = []
    left, seen = [event], {event.pk}
    while left:
        original = Original(left.pop(), context, NOT_UNDOABLE)
        asked.append(original)
        found = _objects(original, event.changes or [])
        earlier = [each for each in found if isinstance(each, EventAction) and each.pk not in seen]
        seen.update(each.pk for each in earlier)
        left += earlier
    return asked


def _objects(original: Original, changes: list[dict[str, Any]]) -> list[Any]:
    """The objects that an execution was done to, locked, if the caller may do it to each of them."""
    event, bound = original.event, original.bound
    resource = original.resource(bound, original.target(), is_throttled=False)
    resource.permit(bound)
    if resource.using != original.context.using:
        raise original.refusal(_("It was done in another database."))
    if event.object_id is not None:
        _refuse_archived(original)
        return [resource.fetch(bound, is_locked=True)]
    if bound.takes_nothing:
        return []
    return list(resource.select(bound, Selection(ids=_keys(original, changes)), is_locked=True))


def _refuse_archived(original: Original) -> None:
    """Refuse to go on where it was done to a record that nobody can look at any more."""
    if original.model is EventAction and next(original.rows([original.event.object_id]), None) is None:
        raise original.refusal(_("The record of what it was done to is archived."))


def _keys(original: Original, changes: list[dict[str, Any]]) -> tuple[Any, ...]:
    """What names the objects of an execution for several: those that it changed, else those that were asked for."""
    meta, name = original.model._meta, original.registry.viewset.lookup_field
    changed = dict.fromkeys(change["key"] for change in changes if change["model"] == meta.label_lower)
    if changed and name != "pk":
        return tuple(key_value(found, name) for found in original.rows(changed))
    keys = tuple(changed) or tuple((original.event.selection or {}).get(IDS) or ())
    if not keys:
        raise original.refusal(_("Which objects it was done to is not recorded."))
    return keys
