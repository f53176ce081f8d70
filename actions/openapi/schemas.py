"""JSON Schemas of what every action answers in the same form, whatever it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.conf import conf
from actions.definitions import ACTION_TYPE, STATUS

Schema = dict[str, Any]

_TEXT: Mapping[str, Any] = {"type": "string"}
_ANY_OBJECT: Mapping[str, Any] = {"type": "object"}
_TRUTH: Mapping[str, Any] = {"type": "boolean"}
_DEFINITION = {
    "id": _TEXT,
    # No enumerations: drf-spectacular would make components of them, and warn where a project has others of the name.
    "type": {"type": "string", "description": " | ".join(kind.value for kind in ACTION_TYPE)},
    "status": {"type": "string", "description": " | ".join(status.value for status in STATUS)},
    "url": _TEXT,
    "title": _TEXT,
    "description": _TEXT,
}
_DEFINED = ["id", "type", "status", "url"]
_PAYLOAD = {"type": "object", "description": "JSON Schema (2020-12) of the payload."}


def _object(description: str, properties: Mapping[str, Any], required: list[str] | None = None) -> Schema:
    """An object all of whose members are there, unless it is said which are."""
    names = list(properties) if required is None else required
    return {"type": "object", "description": description, "required": names, "properties": dict(properties)}


_FIELD = _object(
    "A field of the payload.",
    {
        "name": _TEXT,
        "required": _TRUTH,
        "description": _TEXT,
        "type": {"description": "The class of the form's or serializer's field, else the types of JSON."},
    },
)
DOCUMENTATION: Mapping[str, Any] = _object(
    "What an action is, takes and answers; with what its definition says to callers.",
    {
        **_DEFINITION,
        "payload_schema": _PAYLOAD,
        "fields": {"type": "array", "items": _FIELD},
        "example_response": {},
    },
    [*_DEFINED, "payload_schema", "fields", "example_response"],
)
_ENTRIES = {"type": "array", "items": {"$ref": "#/$defs/entry"}}
LISTING: Mapping[str, Any] = {
    **_object(
        "The actions of a resource.",
        {"resource": _TEXT, "basepath": _TEXT, "bulk_actions": _ENTRIES, "instance_actions": _ENTRIES},
    ),
    "$defs": {"entry": _object("An action; with what its definition says to callers.", _DEFINITION, _DEFINED)},
}

_REASON = _object(
    "Why not.",
    {
        "code": _TEXT,
        "detail": _TEXT,
        "kind": {"type": "string", "description": "permission | state | lifecycle"},
        "fix": {"type": "array", "items": _TEXT, "description": "Actions that would make it available."},
    },
)
_AVAILABLE = _object(
    "An action, and whether this caller may do it to this object now.",
    {
        "name": _TEXT,
        "title": _TEXT,
        "href": _TEXT,
        "method": _TEXT,
        "status": _TEXT,
        "available": _TRUTH,
        "reasons": {"type": "array", "items": _REASON},
        "schema": _PAYLOAD,
        "destructive": _TRUTH,
        "idempotent": _TRUTH,
    },
)
AVAILABLE: Mapping[str, Any] = {**_ENTRIES, "$defs": {"entry": _AVAILABLE}}


def available_of_several(key: Schema) -> Schema:
    """What the list of actions answers for the objects that `ids` name; `key` is the schema of their keys."""
    entry = {"id": key, "etag": _TEXT, "actions": {"type": "array", "items": _AVAILABLE}}
    return {"type": "array", "items": _object("An object, its version and its actions.", entry)}


PREVIEW: Mapping[str, Any] = _object(
    "What a preview has besides the members of the answer. Nothing was done.",
    {
        "changes": {
            "type": "array",
            "items": _object(
                "A field of a row; without `field`, the row itself is made or deleted.",
                {"model": _TEXT, "key": _TEXT, "field": {"type": ["string", "null"]}, "before": {}, "after": {}},
            ),
        },
        "changes_complete": {"type": "boolean", "description": "Whether `changes` is all that would be written."},
        "other_writes": {
            "type": "array",
            "items": _object(
                "Rows of which only the number is known.",
                {"table": _TEXT, "operation": _TEXT, "rows": {"type": "integer"}},
            ),
        },
        "would_send": {
            "type": "array",
            "items": _object("What would leave after the commit.", {"kind": _TEXT}),
        },
        "plan": {"type": ["string", "null"], "description": "For `If-Plan`: do exactly this, or nothing."},
    },
    [],
)
PREVIEW_MEMBERS = frozenset(PREVIEW["properties"])

ACCEPTED: Mapping[str, Any] = _object(
    "A call that a worker will carry out.",
    {
        "event": {"type": "integer", "description": "The key of its record."},
        "uid": {"type": "string", "format": "uuid"},
        "outcome": {"type": "string", "description": "pending | running"},
        "href": {"type": "string", "description": "Where to ask how far it is, and for its result."},
        "due_at": {"type": ["string", "null"], "format": "date-time"},
        "warnings": {"type": "array", "items": _TEXT},
    },
    ["event", "uid", "outcome", "href", "due_at"],
)

_RESULT = _object(
    "What came of one object.",
    {
        "index": {"type": "integer"},
        "id": {"description": "Its key."},
        "ok": _TRUTH,
        "status": {"type": "integer"},
        "result": {"description": "What the action answers for it, where `ok`."},
        "error": _object(
            "Why not.", {"code": _TEXT, "detail": _TEXT, "errors": {"type": "object"}}, ["code", "detail"]
        ),
    },
    ["index", "id", "ok", "status"],
)
RESULTS: Mapping[str, Any] = _object(
    "Object by object: with `items`, and with `Prefer: continue-on-error`.",
    {
        "status": {"type": "string", "description": "success | partial_success | error"},
        "counts": _object(
            "Numbers of objects.", {name: {"type": "integer"} for name in ("total", "succeeded", "failed")}
        ),
        "results": {"type": "array", "items": _RESULT},
    },
)


def items_of(key: Schema, needs_version: bool) -> Schema:
    """The body of a call that gives each object a payload of its own; `key` is the schema of the objects' keys."""
    item = _object(
        "An object.",
        {
            "id": key,
            "params": {"type": "object", "description": "What is sent for all of them otherwise, without `ids`."},
            "etag": {"type": "string", "description": "The version that is meant, as `If-Match` has it."},
        },
        ["id", "etag"] if needs_version else ["id"],
    )
    items = {"type": "array", "minItems": 1, "maxItems": conf.MAX_IDS, "items": {**item, "additionalProperties": False}}
    return _object("Each object with a payload of its own.", {"items": items})
