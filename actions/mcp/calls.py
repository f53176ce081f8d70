"""A tool's call, performed like any other execution of the action."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.core.signals import got_request_exception

from actions.exceptions import ActionError, FailedActionError
from actions.execution import perform
from actions.resource import ViewResource

from .arguments import Call, read_arguments
from .caller import view_for
from .outcomes import Result, carried_out, refused, unconfirmed
from .schemas import filter_names

if TYPE_CHECKING:
    from collections.abc import Callable

    from rest_framework.request import Request

    from actions.context import OnProgress
    from actions.definitions import Action

    from .tools import Tool

DOOR = "mcp"


def call_tool(
    tool: Tool, request: Request, arguments: Mapping[str, Any], on_progress: OnProgress | None = None
) -> Result:
    """Perform an action.

    A destructive one is only tried as long as there is no plan: agents are shown what they are about to do. That a
    plan is kept to, `execution.perform` sees to, at every door.

    Args:
        tool: The action.
        request: The caller's.
        arguments: As the client sent them.
        on_progress: Is told what the action reports.
    """
    return answered(request, lambda: _perform(tool, request, arguments, on_progress))


def answered(request: Request, work: Callable[[], Result]) -> Result:
    """What work results in; an action's refusal is a result, too."""
    try:
        return work()
    except ActionError as error:
        if isinstance(error, FailedActionError):
            # What Django does for an unhandled exception: monitoring and the test client listen to it.
            got_request_exception.send(sender=call_tool, request=request._request)  # noqa: SLF001 - DRF documents it
        return refused(error)


def _perform(tool: Tool, request: Request, arguments: Mapping[str, Any], on_progress: OnProgress | None) -> Result:
    registry, bound = tool.registry, tool.bound
    call = read_arguments(bound, arguments, lambda: filter_names(view_for(request, registry, bound)))
    terms, is_asking = call.terms, False
    if _has_to_ask(bound.action, call):
        if not bound.action.is_previewable:
            return unconfirmed()
        terms, is_asking = replace(terms, is_preview=True, is_async=False, scheduled_at=None), True
    view = view_for(request, registry, bound, target=call.target, payload=_data(call), query=call.query)
    outcome = perform(bound, ViewResource(view), lambda: call.payload, door=DOOR, terms=terms, on_progress=on_progress)
    return carried_out(outcome, bound, view, call.terms, is_asking=is_asking)


def _has_to_ask(action: Action, call: Call) -> bool:
    """Whether nobody has seen yet what a destructive action would do; where no plan can say that, it is confirmed."""
    terms = call.terms
    if not action.destructive or terms.is_preview or terms.plan is not None:
        return False
    is_plan_possible = action.is_previewable and not terms.is_later and not action.background
    return is_plan_possible or not call.is_confirmed


def _data(call: Call) -> Mapping[str, Any]:
    """What a permission sees that looks into `request.data`."""
    return call.payload if isinstance(call.payload, Mapping) else {}
