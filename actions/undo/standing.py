"""Whether something is taken back already: by an undo that nobody has taken back in turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from django.db.models import Q, QuerySet

from actions.models import EventAction, Outcome

if TYPE_CHECKING:
    from actions.context import ActionContext

CAME_TO_NOTHING = frozenset({Outcome.FAILED.value, Outcome.REFUSED.value, Outcome.CANCELLED.value})


def standing_undo(event: EventAction, context: ActionContext) -> EventAction | None:
    """The undo of an execution that still stands, None where there is none.

    Args:
        event: The record of the execution.
        context: Of a call of the action that undoes, whose records are looked through.
    """
    return next((undo for undo in _undos_of(event, context) if _stands(undo, event, context)), None)


def succeeded_keys(event: EventAction) -> list[Any]:
    """The objects of an execution for several, as its answer lists them."""
    answer = event.response_data
    results = answer.get("results") if isinstance(answer, dict) else None
    found = results if isinstance(results, list) else []
    return [each["id"] for each in found if isinstance(each, dict) and each.get("ok") is True and "id" in each]


def _undos_of(event: EventAction, context: ActionContext) -> Iterator[EventAction]:
    """Every undo of it that succeeded: by itself, or as one of several."""
    undos = _events(context).filter(resource=context.resource, action=context.action, outcome=Outcome.SUCCEEDED.value)
    yield from undos.filter(object_id=str(event.pk))
    several = undos.filter(object_id__isnull=True, pk__gt=event.pk).only("pk", "uid", "correlation_id", "response_data")
    yield from (each for each in several if str(event.pk) in map(str, succeeded_keys(each)))


def _stands(undo: EventAction, event: EventAction, context: ActionContext) -> bool:
    """Whether neither the undo nor the inverse action that it performed has been taken back, or came to nothing."""
    done = list(_events(context).filter(_performed_by(undo), resource=event.resource, object_id=event.object_id))
    if done and all(each.outcome in CAME_TO_NOTHING for each in done):
        # A worker was to do it.
        return False
    return all(standing_undo(each, context) is None for each in (undo, *done))


def _performed_by(undo: EventAction) -> Q:
    """What is a part of this call; by the correlation as well, because that has an index."""
    return Q(parent_uid=undo.uid, correlation_id=undo.correlation_id)


def _events(context: ActionContext) -> QuerySet[EventAction]:
    return EventAction.objects.using(context.using)
