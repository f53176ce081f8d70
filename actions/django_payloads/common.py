"""What forms and serializers have in common when their fields are described by JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

from django.core import validators
from django.db.models import AutoField, IntegerField, Model, UUIDField
from django.utils.functional import Promise

from actions.exceptions import InvalidPayloadError
from actions.keys import key_field
from actions.payloads.formats import as_text
from actions.payloads.nodes import json_type
from actions.payloads.screening import MAX_PROBLEMS

Schema = dict[str, Any]
Errors = dict[str, list[str]]

FILE: Schema = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}


def refuse(errors: Mapping[str, list[str]]) -> None:
    """Raise the errors, if there are any.

    Raises:
        InvalidPayloadError: With at most `MAX_PROBLEMS` fields.
    """
    if errors:
        raise InvalidPayloadError(errors=dict(list(errors.items())[:MAX_PROBLEMS]))


def object_schema(properties: dict[str, Schema], required: list[str]) -> Schema:
    """An object with these fields and no others."""
    schema: Schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**schema, "required": required} if required else schema


def nullable(schema: Schema) -> Schema:
    """The schema with null besides."""
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "const" in schema or not schema.get("type"):
        return schema
    declared = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if "null" in declared:
        return schema
    options = {"enum": [*schema["enum"], None]} if "enum" in schema else {}
    return {**schema, "type": [*declared, "null"], **options}


def described(schema: Schema, title: Any, description: Any, default: Any = None) -> Schema:
    """The schema with what documentation shows.

    Args:
        default: None: there is none.
    """
    if title:
        schema["title"] = str(title)
    if description:
        schema["description"] = str(description)
    value = json_value(default)
    if value is not None:
        schema["default"] = value
    return schema


def json_value(value: Any) -> Any:
    """A value as it is written in JSON; None where it cannot be."""
    if isinstance(value, Enum):
        return json_value(value.value)
    if isinstance(value, str | Promise):
        return str(value)
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        items = [json_value(item) for item in value]
        return None if None in items else items
    if isinstance(value, dict):
        return {str(key): json_value(inner) for key, inner in value.items()}
    return as_text(value)


def enumeration(values: Iterable[Any]) -> Schema:
    """One of these values."""
    options = list(dict.fromkeys(json_value(value) for value in values if value is not None))
    kinds = list(dict.fromkeys(map(json_type, options)))
    if not options:
        return {"type": "string", "enum": []}
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": options}


def number(limit: Any) -> int | float:
    """A limit as a number of JSON."""
    return limit if isinstance(limit, int) else int(limit) if limit == int(limit) else float(limit)


def _is_finite(limit: Any) -> bool:
    """Whether JSON can write it as a number."""
    return isinstance(limit, int) or (isinstance(limit, float | Decimal) and Decimal(limit).is_finite())


def limits(checks: Iterable[Any], schema: Schema) -> Schema:
    """What Django's validators say, where JSON Schema has a word for it."""
    found: Schema = {}
    for check in checks:
        limit = getattr(check, "limit_value", None)
        limit = limit() if callable(limit) else limit
        for kind, keywords in _KEYWORDS.items():
            if isinstance(check, kind) and _is_finite(limit):
                declared = schema.get("type", ())
                types = [declared] if isinstance(declared, str) else declared
                found.update({keyword: number(limit) for keyword, types_ in keywords if set(types_) & set(types)})
    return found


_NUMERIC = ("integer", "number")
_KEYWORDS: dict[type, tuple[tuple[str, tuple[str, ...]], ...]] = {
    validators.MinValueValidator: (("minimum", _NUMERIC),),
    validators.MaxValueValidator: (("maximum", _NUMERIC),),
    validators.MinLengthValidator: (("minLength", ("string",)), ("minItems", ("array",))),
    validators.MaxLengthValidator: (("maxLength", ("string",)), ("maxItems", ("array",))),
}


def key_schema(model: type[Model] | None, field_name: str | None = None) -> Schema:
    """How an object of the model is named: by its primary key, or by another field."""
    if model is None:
        return {}
    field = key_field(model, field_name or "pk")
    if isinstance(field, IntegerField | AutoField):
        return {"type": "integer"}
    return {"type": "string", "format": "uuid"} if isinstance(field, UUIDField) else {"type": "string"}


def decimal_schema(digits: int | None, places: int | None) -> Schema:
    """A decimal number of so many digits in all, and after the point."""
    schema: Schema = {"type": ["number", "string"], "format": "decimal"}
    if places is not None:
        schema["multipleOf"] = 10**-places if places else 1
    if digits is not None and places is not None:
        schema |= {"exclusiveMinimum": -(10 ** (digits - places)), "exclusiveMaximum": 10 ** (digits - places)}
    return schema
