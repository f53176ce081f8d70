"""Registries and actions as data for people and programs. Made anew at each call: nothing shared is written to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rest_framework.serializers import Serializer

from .binding import BoundAction
from .django_payloads import FormPayload, SerializerPayload
from .openapi.answers import Shape, answer_of
from .openapi.parameters import model_of
from .openapi.schema_examples import example_of
from .payloads import Payload
from .registry import ActionRegistry

INTERNAL = frozenset({"permissions", "conditions"})
"""Keys of a definition that no caller is told."""
PERHAPS_CODE = frozenset({"function", "schema", "form", "serializer", "result"})
"""Keys that no caller is told where they name code; a JSON Schema is told."""


def registry_document(
    registry: ActionRegistry, path: str, actions: Iterable[BoundAction] | None = None
) -> dict[str, Any]:
    """The registry with its actions as two lists, in the registry's order.

    Args:
        registry: What is documented.
        path: The URL path that was asked for, `/todos/actions/` or the older `/todos/actions/list/`.
        actions: Which of its actions; None: all.
    """
    base, end = place_of(path)
    document = {key: value for key, value in registry.as_dict().items() if key != "actions"}
    document["bulk_actions"] = []
    document["instance_actions"] = []
    for bound in registry.bound.values() if actions is None else actions:
        middle = ":pk/" if bound.is_instance else ""
        entry = _definition(bound) | {"url": f"{base}{middle}{bound.id}{end}"}
        document["instance_actions" if bound.is_instance else "bulk_actions"].append(entry)
    return document


def action_document(bound: BoundAction, view: Any, path: str) -> dict[str, Any]:
    """One action: its definition, URL, fields and the shape of its answer.

    Args:
        bound: The action.
        view: Its ViewSet, for the serializer of the answer.
        path: Its main URL path; see `main_path`.
    """
    schema = bound.payload.json_schema()
    return {
        **_definition(bound),
        "url": path,
        "payload_schema": schema,
        "fields": _fields(bound, schema),
        "example_response": _example_response(bound, view),
    }


def _definition(bound: BoundAction) -> dict[str, Any]:
    """What the definition says to callers."""
    said = bound.action.documentation.items()
    return {key: _readable(value) for key, value in said if not _is_internal(key, value)}


def _is_internal(key: str, value: Any) -> bool:
    return key in INTERNAL or (key in PERHAPS_CODE and (isinstance(value, str) or callable(value)))


def _readable(value: Any) -> Any:
    if callable(value):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, list | tuple):
        return [_readable(item) for item in value]
    return value


def _fields(bound: BoundAction, schema: dict[str, Any]) -> list[dict[str, Any]]:
    """`{name, required, description, type}` of each field; type is the form's or serializer's field class, if any."""
    classes = _field_classes(bound.payload)
    required = schema.get("required", [])
    return [
        {
            "name": name,
            "required": name in required,
            "description": field.get("description", ""),
            "type": classes.get(name) or field.get("type") or "any",
        }
        for name, field in schema.get("properties", {}).items()
    ]


def _field_classes(payload: Payload) -> dict[str, str]:
    """The names of the field classes that a form or a serializer declares."""
    fields: Mapping[str, Any] = {}
    if isinstance(payload, FormPayload):
        fields = payload.form_class.base_fields
    elif isinstance(payload, SerializerPayload) and issubclass(payload.serializer_class, Serializer):
        fields = payload.serializer_class().fields
    return {name: type(field).__name__ for name, field in fields.items()}


def _example_response(bound: BoundAction, view: Any) -> Any:
    """The first example's answer, else one made of what is declared; None where that says too little."""
    for example in bound.action.examples:
        if "response" in example:
            return example["response"]
    answer = answer_of(bound, model_of(view))
    if answer.shape is Shape.FILE:
        return None
    if isinstance(answer.content, Mapping):
        # Annotations are read for their types; only a definition's own schema is checked with its examples.
        made = example_of(answer.content) if answer.content is bound.action.result else None
        return None if made is None else answer.filled(made)
    serializer_class = answer.content or view.get_serializer_class()
    return answer.filled(serializer_class(context=view.get_serializer_context()).data)


def main_path(path: str, name: str) -> str:
    """The path of an action for its older form: of `/todos/7/actions/mark_done.json`, `/todos/7/mark_done.json`."""
    head, _actions, end = path.rpartition(f"/actions/{name}")
    return f"{head}/{name}{end}"


def place_of(path: str) -> tuple[str, str]:
    """Of the path of a list of actions, what the paths of the actions begin with and what they end with.

    `/todos/7/actions/` becomes `("/todos/7/", "/")`, `/todos/actions/list.json` becomes `("/todos/", ".json")`.
    """
    head, _actions, end = path.rpartition("/actions")
    return f"{head}/", end.removeprefix("/list")
