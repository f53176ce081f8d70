"""Actions as steps: performed as at every other door, by the run's actor, with a record of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db.models import Model
from django.http import QueryDict

from actions.exceptions import ActionError, UnknownActionError
from actions.execution import perform
from actions.processes.exceptions import StepError
from actions.requests import find, make_view
from actions.resource import ViewResource
from actions.selection import IDS

if TYPE_CHECKING:
    from .step import Step

DOOR = "process"


def perform_action(step: Step) -> tuple[Any, UUID | None]:
    """The result of the action that a node names, and the uid of its record.

    Raises:
        ActionError: It was refused or failed; it is recorded.
        StepError: There is no such action, or it answers no data.
    """
    node = step.node
    target = step.look.value(node.target) if node.target is not None else None
    data = _with_selection(step, step.read_arguments())
    return perform_named(step, node.run, target, data, _query(step))


def perform_named(
    step: Step, name: str, target: Any, data: dict[str, Any], query: QueryDict
) -> tuple[Any, UUID | None]:
    """Perform an action for a step, as the run's actor; see `perform_action`."""
    context = step.context
    try:
        registry, bound = find(name)
    except UnknownActionError as error:
        raise StepError(str(error)) from error
    actor = context.actor if context.actor.is_authenticated else None
    view = make_view(registry, bound, target=target, data=data, actor=actor, query=query)
    meta = view.request.META
    meta["HTTP_X_REQUEST_ID"] = context.correlation_id
    if step.track.run.traceparent:
        meta["HTTP_TRACEPARENT"] = step.track.run.traceparent
    # Throttles are for callers; a run's own steps are bounded by its definition.
    resource = ViewResource(view, is_throttled=False)
    outcome = perform(bound, resource, lambda: data, door=DOOR, effect_key=context.idempotency_key)
    event = outcome.event.uid if outcome.event is not None else None
    return _data(outcome.body, name), event


def is_atomic(name: str) -> bool:
    """Whether the action that a node names does its work in the transaction that it is called in."""
    try:
        return bool(find(name)[1].action.atomic)
    except ActionError:
        return True


def _with_selection(step: Step, data: dict[str, Any]) -> dict[str, Any]:
    ids = step.node.selection.get("ids")
    if ids is None:
        return data
    keys = [each.pk if isinstance(each, Model) else each for each in step.look.value(ids)]
    return {**data, IDS: keys}


def _query(step: Step) -> QueryDict:
    query, selection = QueryDict(mutable=True), step.node.selection
    if "filter" in selection:
        for name, value in dict(step.look.value(selection["filter"])).items():
            query.setlist(name, [str(each) for each in value] if isinstance(value, list | tuple) else [str(value)])
    if "all" in selection and step.look.value(selection["all"]):
        query["all"] = "true"
    return query


def _data(body: Any, name: str) -> Any:
    if hasattr(body, "status_code"):
        data = getattr(body, "data", None)
        if data is None:
            raise StepError(f"{name} answered a {type(body).__name__}, which is no data that a step can keep.")
        return data
    return body
