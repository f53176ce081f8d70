"""The payload of a process file: its keys as JSON Schema, and what checks the values besides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.utils.datastructures import MultiValueDict

from actions.conf import conf
from actions.exceptions import NON_FIELD_ERRORS, InvalidPayloadError
from actions.payloads import SchemaPayload, check_schema

from .names import Names
from .source import Source
from .validations import Check, Errors

NO_DEFAULT = "none"
PREFIX = "validation."
_TYPES = {"list": "array"}


class ProcessPayload:
    """A payload whose keys a process file declares. An explicit null counts as not given.

    Args:
        schema: JSON Schema of the keys.
        checks: What looks at values that fit it, by key.
        sensitive: Names of fields, in lower case, whose values must not be repeated in errors.
    """

    def __init__(
        self,
        schema: Mapping[str, Any],
        checks: Mapping[str, tuple[Check, ...]] | None = None,
        *,
        sensitive: Collection[str] = (),
    ) -> None:
        self._payload = SchemaPayload(schema, sensitive=sensitive)
        self._names = frozenset(schema["properties"])
        self._checks = checks or {}

    def validate(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `Payload`."""
        if not isinstance(data, MultiValueDict) and hasattr(data, "items"):
            data = {key: value for key, value in data.items() if value is not None or key not in self._names}
        values = self._payload.validate(data)
        errors: Errors = {}
        for key, checks in self._checks.items():
            for check in checks if key in values else ():
                for path, sentences in check.errors(values[key]).items():
                    where = key if path == NON_FIELD_ERRORS else f"{key}.{path}"
                    errors.setdefault(where, []).extend(sentences)
        if errors:
            raise InvalidPayloadError(errors=errors)
        return values

    def json_schema(self) -> dict[str, Any]:
        """See `Payload`."""
        return self._payload.json_schema()


def read_payload(
    source: Source, path: tuple[str | int, ...], fields: Any, names: Names, *, sensitive: Collection[str] = ()
) -> ProcessPayload:
    """The payload that a list of keys declares; what is wrong is reported to the source.

    Args:
        path: Where the list stands.
        fields: The list, as far as its structure is right.
        sensitive: Names of keys whose values are not repeated in errors, besides passwords and the like.
    """
    properties: dict[str, Any] = {}
    required: list[str] = []
    checks: dict[str, tuple[Check, ...]] = {}
    for index, declared in enumerate(fields if isinstance(fields, list) else ()):
        place = (*path, index)
        if not source.is_right(place) or not isinstance(declared, Mapping):
            if isinstance(declared, Mapping) and isinstance(declared.get("key"), str):
                properties.setdefault(declared["key"], {})
            continue
        key = declared["key"]
        if key in properties:
            source.report((*place, "key"), f'the key "{key}" is declared twice.', "Keep one of them.")
            continue
        schema, own_checks = _field(source, place, declared, names)
        properties[key] = schema
        checks |= {key: own_checks} if own_checks else {}
        required += [key] if declared.get("required") is True else []
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    schema |= {"required": required} if required else {}
    secret = {name.lower() for name in (*conf.sensitive_names, *sensitive)}
    return ProcessPayload(schema, checks, sensitive=secret)


def _field(
    source: Source, place: tuple[str | int, ...], declared: Mapping[str, Any], names: Names
) -> tuple[dict[str, Any], tuple[Check, ...]]:
    kind = _TYPES.get(declared.get("type", ""), declared.get("type", ""))
    schema: dict[str, Any] = {"type": kind} if kind else {}
    schema |= {"description": declared["description"]} if declared.get("description") else {}
    checks = []
    for index, text in enumerate(declared.get("validate") or ()):
        if (check := _check(source, (*place, "validate", index), text, names)) is None:
            continue
        try:
            schema |= _schema_of(check, kind, text)
        except ValueError as error:
            source.report((*place, "validate", index), f'"{text}": {error}.', "Correct the argument.")
            continue
        checks += [check] if check.validation.function else []
    _values(source, place, declared, schema)
    return schema, tuple(checks)


def _values(source: Source, place: tuple[str | int, ...], declared: Mapping[str, Any], schema: dict[str, Any]) -> None:
    """Add default and example, where they fit."""
    bare = dict(schema)
    is_required = declared.get("required") is True
    default = declared.get("default")
    is_none = default == NO_DEFAULT and (is_required or bare.get("type") not in (None, "string"))
    given = {"default": default} if default is not None and not is_none else {}
    given |= {"examples": [declared["example"]]} if declared.get("example") is not None else {}
    for key, value in given.items():
        wrong = check_schema({**bare, key: value})
        if not wrong:
            schema[key] = value
        for _path, message in wrong:
            name = "default" if key == "default" else "example"
            source.report((*place, name), message, "Give a value of the declared type.")


def _schema_of(check: Check, kind: str, text: str) -> dict[str, Any]:
    """The JSON Schema of a check that has one, itself checked.

    Raises:
        ValueError: The argument makes no sense.
    """
    if check.validation.schema is None:
        return {}
    made = check.validation.schema(text.partition(":")[2], kind)
    if wrong := check_schema({**made, **({"type": kind} if kind else {})}):
        raise ValueError(wrong[0][1].rstrip("."))
    return made


def _check(source: Source, place: tuple[str | int, ...], text: str, names: Names) -> Check | None:
    """The check that `validation.min_length:8` names."""
    name, colon, argument = text.partition(":")
    validation = find_validation(source, place, name.strip(), names)
    if validation is None:
        return None
    try:
        return Check(validation, validation.read_argument(argument if colon else None))
    except ValueError as error:
        source.report(place, f'"{text}": {error}.', "Write name, colon, argument: validation.min_length:8.")
        return None


def find_validation(source: Source, place: tuple[str | int, ...], name: str, names: Names) -> Any:
    """The validation of a name; None after reporting that there is none."""
    try:
        found = names.validation(name)
    except Exception as error:  # noqa: BLE001 - whatever a module of the project raises is told with its place
        message = f'the validation "{name}" cannot be imported: {type(error).__name__}: {error}.'
        source.report(place, message, "Correct its module.")
        return None
    if found is None:
        near = names.near_validations(name)
        remedy = f'Did you mean "{near[0]}"?' if near else "Write it: validation/<name>.py beside the processes."
        source.report(place, f'there is no validation "{name}".', remedy)
    return found
