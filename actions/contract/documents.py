"""The contract of a project as a document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from actions.binding import BoundAction
from actions.openapi.answers import Shape, answer_of
from actions.openapi.operations import anonymous_request
from actions.openapi.parameters import model_of
from actions.registry import ActionRegistry, catalogue

from .outputs import output_schema
from .reading import FORMAT, VERSION, Document


def contract() -> Document:
    """What callers of every action that a ViewSet serves rely on; nothing of who may call. JSON values only."""
    served: dict[str, ActionRegistry] = {}
    for registry in catalogue:
        if registry.viewset is not None:
            served.setdefault(registry.resource, registry)
    resources = {name: {"actions": _actions(registry)} for name, registry in served.items()}
    made: Document = json.loads(json.dumps({"format": FORMAT, "version": VERSION, "resources": resources}, default=str))
    return made


def _actions(registry: ActionRegistry) -> Document:
    return {bound.id: _entry(bound, registry.viewset) for bound in registry.bound.values()}


def _entry(bound: BoundAction, viewset: Any) -> Document:
    action = bound.action
    return {
        "type": action.type,
        "status": action.status,
        "payload": bound.payload.json_schema(),
        "result": _result(bound, viewset),
        "selection": bound.selection,
        "max_objects": action.max_objects,
        "if_match": action.if_match,
        "idempotency_key": action.idempotency_key,
        "idempotent": action.idempotent,
        "background": action.background,
        "preview": action.atomic if action.preview is None else action.preview,
        "undo": action.undo,
        "deprecated": action.deprecated,
        "sunset": action.sunset,
    }


def _result(bound: BoundAction, viewset: Any) -> Document:
    answer = answer_of(bound, model_of(viewset))
    schema: Any = answer.content
    if not isinstance(schema, Mapping):
        schema = {} if answer.shape is Shape.FILE else _serialized(schema, bound, viewset)
    return {"shape": answer.shape.name.lower(), "is_list": answer.is_list, "schema": schema}


def _serialized(serializer_class: Any, bound: BoundAction, viewset: Any) -> Document:
    """What a serializer answers with; nothing of one that only a request would tell."""
    try:
        return output_schema(serializer_class() if serializer_class is not None else _own_serializer(bound, viewset))
    except Exception:  # noqa: BLE001 - whatever a serializer of the project raises without a caller
        return {}


def _own_serializer(bound: BoundAction, viewset: Any) -> Any:
    view = viewset(action_name=bound.id, detail=bound.is_instance)
    view.action, view.args, view.kwargs, view.format_kwarg = bound.id, (), {}, None
    view.swagger_fake_view = True
    view.request = anonymous_request("POST")
    return view.get_serializer()
