"""The tools: one per action that a caller may use, under a name that stays."""

from __future__ import annotations

import base64
import binascii
import hashlib
import logging
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from actions.conf import conf
from actions.definitions import STATUS
from actions.exceptions import ActionError, ConfigurationError
from actions.lifecycle import check_lifecycle
from actions.openapi.bodies import MULTIPART, body_of
from actions.registry import ActionRegistry, catalogue
from actions.routes import collision

from . import status
from .caller import is_permitted, view_for
from .protocol import INVALID_PARAMS, ProtocolError
from .schemas import input_schema, output_schema

if TYPE_CHECKING:
    from rest_framework.request import Request

    from actions.binding import BoundAction

logger = logging.getLogger(__name__)

MAX_NAME = 64
"""What the narrowest of the models' own interfaces take; the protocol allows twice as much, and dots."""
_FORBIDDEN = re.compile(r"[^A-Za-z0-9_-]")


@dataclass(frozen=True, slots=True)
class Tool:
    """One action under its name."""

    name: str
    registry: ActionRegistry
    bound: BoundAction


def find_tools(registries: Iterable[ActionRegistry | str] | None, actions: Iterable[str] | None) -> dict[str, Tool]:
    """The tools of an address by name, in an order that stays, whoever calls.

    Args:
        registries: Of which resources; None: of all that a ViewSet serves.
        actions: Which of their actions, as "todo:mark_done"; None: all.

    Raises:
        ConfigurationError: One of them does not exist.
    """
    chosen = list(_registries(registries))
    names = None if actions is None else set(actions)
    found: dict[str, Tool] = {}
    for registry in chosen:
        for bound in registry.bound.values():
            is_chosen = names is None or bound.name in names
            if is_chosen and collision(registry.viewset, bound.id) is None:
                name = tool_name(registry.resource, bound.id)
                found[name] = Tool(name, registry, bound)
    missing = (names or set()) - {tool.bound.name for tool in found.values()}
    if missing:
        raise ConfigurationError(f"MCPView: there are no such actions here: {', '.join(sorted(missing))}.")
    return found


def tool_name(resource: str, action_id: str) -> str:
    """`todo-mark_done`. An action's id has no hyphen, so no two actions meet.

    What does not fit into a name is replaced, and a fingerprint of the whole keeps it apart from others.
    """
    plain = f"{resource}-{action_id}"
    name = _FORBIDDEN.sub("_", plain)
    if name == plain and len(name) <= MAX_NAME and name != status.NAME:
        return name
    fingerprint = hashlib.sha256(f"{resource}:{action_id}".encode()).hexdigest()[:8]
    return f"{name[: MAX_NAME - 9]}-{fingerprint}"


def list_tools(tools: Mapping[str, Tool], request: Request, cursor: Any, page_size: int) -> dict[str, Any]:
    """A page of the tools that the caller may use.

    Raises:
        ProtocolError: The cursor is none of ours.
    """
    names = list(tools)
    described: list[dict[str, Any]] = []
    for name in names[_start(cursor, names) :]:
        shown = _described(tools[name], request)
        if shown is None:
            continue
        if len(described) == page_size:
            return {"tools": described, "nextCursor": _cursor(described[-1]["name"])}
        described.append(shown)
    return {"tools": [*described, status.description()]}


def describe(tool: Tool, request: Request) -> dict[str, Any] | None:
    """A tool as clients see it; None where it is not for this caller."""
    bound, action = tool.bound, tool.bound.action
    if not _is_shown(bound):
        return None
    view = view_for(request, tool.registry, bound)
    # No object is named yet, but permissions may let somebody in to one object and not to the list.
    view.detail = bound.is_instance
    if not is_permitted(bound, view) or _needs_file(bound, view):
        return None
    return {
        "name": tool.name,
        "title": action.title or bound.id,
        "description": _description(bound),
        "inputSchema": input_schema(bound, view),
        "outputSchema": output_schema(bound, view),
        "annotations": {
            "title": action.title or bound.id,
            "readOnlyHint": False,
            "destructiveHint": action.destructive,
            "idempotentHint": action.idempotent,
            "openWorldHint": action.preview is False,
        },
    }


def _described(tool: Tool, request: Request) -> dict[str, Any] | None:
    try:
        return describe(tool, request)
    except Exception:
        # A ViewSet that cannot be described must not take the tools of all others away.
        logger.exception("The tool %s is left out of the list: it cannot be described.", tool.name)
        return None


def _registries(chosen: Iterable[ActionRegistry | str] | None) -> Iterator[ActionRegistry]:
    if chosen is None:
        chosen = sorted({registry.resource for registry in catalogue if registry.viewset is not None})
    for each in chosen:
        registry = each if isinstance(each, ActionRegistry) else catalogue.find(each)
        if registry is None or registry.viewset is None:
            name = each if isinstance(each, str) else each.resource
            raise ConfigurationError(f'MCPView: no ViewSet serves actions of "{name}".')
        yield registry


def _is_shown(bound: BoundAction) -> bool:
    """Whether the action's life is far enough, and not over."""
    try:
        check_lifecycle(bound.action)
    except ActionError:
        return False
    return bound.action.status != STATUS.ALPHA.value or conf.SHOW_ALPHA


def _needs_file(bound: BoundAction, view: Any) -> bool:
    """Whether the payload can be sent as a form with a file only."""
    body = body_of(bound, view)
    return body.has_files and body.is_required and set(body.media_types) <= {MULTIPART}


def _description(bound: BoundAction) -> str:
    action = bound.action
    said = [action.description or action.title or bound.id]
    if action.destructive and action.is_previewable:
        said.append(
            _("Without a plan it is only tried: the answer shows what it would do, and a plan to call it again with.")
        )
    if action.background:
        said.append(_("A worker does it: ask action-status about the event that is answered."))
    if action.deprecated:
        said.append(_("It is deprecated: it will be gone one day."))
    return "\n\n".join(said)


def _cursor(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode()


def _start(cursor: Any, names: list[str]) -> int:
    """Where the page after a cursor begins: behind the tool that the last page ended with."""
    if cursor is None:
        return 0
    try:
        return names.index(base64.b64decode(str(cursor).encode(), altchars=b"-_", validate=True).decode()) + 1
    except (ValueError, binascii.Error) as error:
        raise ProtocolError(INVALID_PARAMS, _("The cursor is none that this server has given.")) from error
