"""What a tool takes and answers, as JSON Schema.

The payload stands under one name, `payload`, and not beside the other arguments: an action may have fields called `id`,
`ids` or `plan`, and so nothing ever has to be renamed. The answer stands under `result`, because the same tool also
answers with previews, references and refusals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework import fields, relations, serializers

from actions.conf import conf
from actions.definitions import DEMAND, SELECTION
from actions.exceptions import ConfigurationError
from actions.openapi.answers import Answer, answer_of
from actions.openapi.parameters import keys_of, model_of, selection_parameters
from actions.payloads.nodes import copy_json, inside
from actions.payloads.schema import make_validator
from actions.selection import ALL, IDS, query_parameters
from actions.terms import MAX_KEY

if TYPE_CHECKING:
    from actions.binding import BoundAction
    from actions.definitions import Action

Schema = dict[str, Any]

ID, PAYLOAD, FILTERS, CONFIRM = "id", "payload", "filters", "confirm"
DEFINITIONS = "#/$defs/"
NOT_FOR_HERE = "x-mcp-header"
"""A keyword that would have clients repeat an argument in a header."""

OUTCOMES = ("succeeded", "previewed", "unconfirmed", "pending", "running", "refused", "failed", "cancelled")


def takes_objects(bound: BoundAction) -> bool:
    """Whether the caller says which objects are meant."""
    return not bound.is_instance and bound.selection != SELECTION.NONE.value


def input_schema(bound: BoundAction, view: Any) -> Schema:
    """The arguments of an action's tool."""
    payload, definitions = moved(bound.payload.json_schema(), PAYLOAD)
    properties: Schema = {}
    required = []
    if bound.is_instance:
        properties[ID] = {**keys_of(view), "description": _("Key of the object.")}
        required.append(ID)
    elif takes_objects(bound):
        properties |= _selection(bound, view)
    properties[PAYLOAD] = {**payload, "description": payload.get("description") or _("Fields of the action.")}
    if payload.get("required"):
        required.append(PAYLOAD)
    properties |= terms_schema(bound)
    required += [name for name in ("idempotency_key", "etag") if _is_demanded(bound.action, name)]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {**schema, "$defs": definitions} if definitions else schema


def terms_schema(bound: BoundAction) -> Schema:
    """Arguments that say how the call is to be carried out, by name."""
    action = bound.action
    found: Schema = {}
    if action.is_previewable:
        found["dry_run"] = _flag(_("Only show what would be changed and sent, and give a plan. Nothing stays."))
        found["plan"] = _text(_("The plan of a preview: it is done only if it still does exactly that."))
    if action.destructive:
        found[CONFIRM] = _flag(_("True to do it where there can be no plan: later, by a worker, or without a preview."))
    found["idempotency_key"] = _text(
        _("A new text for each thing that is to be done once, the same when it is tried again."), maxLength=MAX_KEY
    )
    if bound.is_instance:
        found["etag"] = _text(_("The version of the object that is meant; another one is left alone."))
    found["respond_async"] = _flag(_("Let a worker do it, and answer at once with an event for action-status."))
    found["scheduled_time"] = _text(_("Not before this moment."), format="date-time")
    if takes_objects(bound):
        found["expect_count"] = {
            "type": "integer",
            "minimum": 0,
            "description": _("How many objects you think are meant; it is not done if there are others."),
        }
        found["continue_on_error"] = _flag(_("Do it to each object by itself, and report those where it failed."))
    return found


def output_schema(bound: BoundAction, view: Any) -> Schema:
    """What a tool answers. Whatever comes fits: `result` is checked, see `outcomes`."""
    result, definitions = moved(result_schema(bound, view), "result")
    anything = {"type": "object"}
    changes = {"type": "array", "items": anything}
    schema: Schema = {
        "type": "object",
        "properties": {
            "outcome": {"enum": list(OUTCOMES)},
            "note": {"type": "string"},
            "result": result,
            "event": {"type": "integer", "description": _("The key of the record of the call.")},
            "uid": {"type": "string"},
            "preview": {
                "type": "object",
                "properties": {
                    "changes": changes,
                    "changes_complete": {"type": "boolean"},
                    "other_writes": changes,
                    "would_send": changes,
                    "plan": {"type": ["string", "null"]},
                },
            },
            "report": {**anything, "description": _("What became of each object, with continue_on_error.")},
            "waiting": {**anything, "description": _("When a worker does it, and whether one is there.")},
            "error": {**anything, "description": _("Why it was not done, as a problem document (RFC 9457).")},
            "headers": {"type": "object", "additionalProperties": {"type": "string"}},
        },
        "required": ["outcome"],
    }
    return {**schema, "$defs": definitions} if definitions else schema


def result_schema(bound: BoundAction, view: Any) -> Schema:
    """The schema of what the action answers with, `{}` where nobody says it."""
    try:
        told = answer_of(bound, model_of(view))
        schema = told.body(_content(told, view))
        make_validator(schema)
    except (ConfigurationError, RecursionError):
        return {}
    return schema


def fits(schema: Schema, value: Any) -> bool:
    """Whether a result is what the definition says."""
    return not schema or make_validator(schema).is_valid(value)


def moved(schema: Mapping[str, Any], name: str) -> tuple[Schema, Schema]:
    """A schema as the property `name` of another one, and its `$defs`, which go to that one's top."""
    whole = copy_json(schema)
    for key in ("$schema", "$id"):
        whole.pop(key, None)
    pending = [whole]
    for node in pending:
        reference = node.get("$ref")
        if isinstance(reference, str) and reference.startswith("#") and not reference.startswith(DEFINITIONS):
            is_pointer = reference == "#" or reference.startswith("#/")
            node["$ref"] = f"#/properties/{name}{reference[1:]}" if is_pointer else reference
        node.pop(NOT_FOR_HERE, None)
        pending += [inner for _path, inner in inside(node) if isinstance(inner, dict)]
    return whole, whole.pop("$defs", {})


def filter_names(view: Any) -> set[str]:
    """Names of the list's filters."""
    return query_parameters(view)[0]


def _selection(bound: BoundAction, view: Any) -> Schema:
    """Arguments that say which objects are meant."""
    names = filter_names(view)
    found = {IDS: {"type": "array", "items": keys_of(view), "minItems": 1, "maxItems": conf.MAX_IDS}}
    filters = {
        each.name: {**each.schema, "description": each.description}
        for each in selection_parameters(bound, view)
        if each.name in names
    }
    if filters:
        described = _("What the list's filters have to say of the objects that are meant.")
        found[FILTERS] = {
            "type": "object",
            "properties": filters,
            "additionalProperties": False,
            "description": described,
        }
    found[IDS]["description"] = _("Keys of the objects that are meant.")
    found[ALL] = _flag(_("All objects of the list that you may see."))
    return found


def _content(told: Answer, view: Any) -> Schema:
    content = told.content
    if isinstance(content, Mapping):
        return copy_json(content)  # type: ignore[no-any-return]
    serializer_class = content or getattr(view, "serializer_class", None)
    try:
        serializer: Any = serializer_class() if serializer_class else None
        return json.loads(json.dumps(_written(serializer)))  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001 - a serializer that needs a request to know its fields
        return {}


def _written(serializer: Any) -> Schema:
    """What a serializer writes, as far as it is sure: kinds of values, not the limits of what it reads."""
    if not isinstance(serializer, serializers.Serializer):
        return {}
    shown = {name: field for name, field in serializer.fields.items() if not field.write_only}
    return {"type": "object", "properties": {name: _kind(field) for name, field in shown.items()}}


def _kind(field: Any) -> Schema:
    kind = next((kind for classes, kind in _KINDS if isinstance(field, classes)), None)
    schema: Schema = {} if kind is None else {"type": [kind, "null"]}
    return {**schema, "title": str(field.label)} if field.label else schema


_KINDS: tuple[tuple[Any, str], ...] = (
    (fields.BooleanField, "boolean"),
    (fields.IntegerField, "integer"),
    ((fields.FloatField,), "number"),
    ((fields.CharField, fields.UUIDField, fields.DateTimeField, fields.DateField, fields.TimeField), "string"),
    ((serializers.ListSerializer, fields.ListField, relations.ManyRelatedField), "array"),
    (serializers.Serializer, "object"),
)


def _is_demanded(action: Action, name: str) -> bool:
    return {"idempotency_key": action.idempotency_key, "etag": action.if_match}[name] == DEMAND.REQUIRED.value


def _flag(description: str) -> Schema:
    return {"type": "boolean", "description": description}


def _text(description: str, **keywords: Any) -> Schema:
    return {"type": "string", **keywords, "description": description}
