"""Payloads declared by a DRF serializer."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _
from rest_framework import fields, serializers

from actions.exceptions import InvalidPayloadError
from actions.payloads import IGNORED_FORM_FIELDS, dotted, screen, screen_values
from actions.payloads.wording import must_be, unknown_field

from .common import Errors, Schema, refuse
from .serializer_schema import serializer_schema, writable_fields

Path = tuple[str | int, ...]

_NON_FIELD = "non_field_errors"


class SerializerPayload:
    """A payload that a DRF serializer describes."""

    def __init__(self, serializer_class: type[serializers.BaseSerializer[Any]]) -> None:
        self.serializer_class = serializer_class

    def validate(self, data: Mapping[str, Any], *, context: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """See `Payload`. The values are the serializer's `validated_data`.

        Args:
            context: For the serializer, as a ViewSet's `get_serializer_context()` makes it.
        """
        return self.check(self.build(data, context=dict(context or {})))

    def json_schema(self) -> Schema:
        """See `Payload`. The serializer is made without a context."""
        return serializer_schema(self.serializer_class())

    def build(self, data: Mapping[str, Any], **kwargs: Any) -> serializers.BaseSerializer[Any]:
        """The serializer with the data, not yet validated.

        Args:
            kwargs: For the serializer: `instance`, `partial`, `context`.

        Raises:
            InvalidPayloadError: There are unknown fields. With the serializer's own errors besides.
        """
        screen(data)
        problems: Errors = {}
        if isinstance(data, MultiValueDict):
            data, problems = _spread(data, self.serializer_class)
        serializer = self.serializer_class(data=data, **kwargs)
        if isinstance(serializer, serializers.Serializer):
            problems |= {dotted(path): [text] for path, text in _unknown((), data, serializer)}
        if problems:
            serializer.is_valid()
            refuse(serializer_errors(serializer) | problems)
        return serializer

    def check(self, serializer: serializers.BaseSerializer[Any]) -> dict[str, Any]:
        """The serializer's validated values.

        Raises:
            InvalidPayloadError: The serializer's errors, nested ones by dotted path.
        """
        if not serializer.is_valid():
            raise InvalidPayloadError(errors=serializer_errors(serializer))
        validated = serializer.validated_data
        values = {name: validated[name] for name in validated}
        screen_values(values)
        return values


def serializer_errors(serializer: serializers.BaseSerializer[Any]) -> Errors:
    """The serializer's errors by dotted path, those of the whole under `non_field_errors`."""
    found: Errors = {}
    for path, text in _flat((), serializer.errors):
        found.setdefault(dotted(path), []).append(text)
    return found


def _flat(path: Path, errors: Any) -> Iterator[tuple[Path, str]]:
    if isinstance(errors, Mapping):
        for key, inner in errors.items():
            yield from _flat(path if key == _NON_FIELD else (*path, key), inner)
    elif isinstance(errors, list):
        for index, inner in enumerate(errors):
            # A list of sentences belongs to the field; a list of objects has one for each item.
            yield from _flat(path if isinstance(inner, str) else (*path, index), inner)
    else:
        yield path, str(errors)


def _unknown(path: Path, data: Any, field: Any) -> Iterator[tuple[Path, str]]:
    """Fields that no serializer declares, or that are read-only; DRF would pass over them in silence."""
    if isinstance(field, serializers.ListSerializer) and isinstance(data, list | tuple):
        for index, item in enumerate(data):
            yield from _unknown((*path, index), item, field.child)
    elif isinstance(field, serializers.Serializer) and isinstance(data, Mapping):
        known = writable_fields(field)
        for name in data:
            if isinstance(data, MultiValueDict):
                yield from _unknown_in_form(name, field)
            elif name in known:
                if isinstance(known[name], serializers.BaseSerializer):
                    yield from _unknown((*path, name), data[name], known[name])
            else:
                yield (*path, name), _about(name, field)


def _unknown_in_form(key: str, field: Any) -> Iterator[tuple[Path, str]]:
    """The same for one name of a form, which DRF writes as `address.city` and `items[0]name`."""
    path: list[str | int] = []
    for part in re.findall(r"[^.\[\]]+", key) or [key]:
        if isinstance(field, serializers.ListSerializer) and part.isdecimal():
            field = field.child
            path.append(part)
            continue
        if not isinstance(field, serializers.Serializer):
            return
        path.append(part)
        known = writable_fields(field)
        if part not in known:
            if key not in IGNORED_FORM_FIELDS:
                yield tuple(path), _about(part, field)
            return
        field = known[part]


def _about(name: str, serializer: serializers.Serializer[Any]) -> str:
    if name in serializer.fields:
        return _("This field cannot be set.")
    return unknown_field(name, list(writable_fields(serializer)))


def _spread(
    data: MultiValueDict[str, Any], serializer_class: type[serializers.BaseSerializer[Any]]
) -> tuple[MultiValueDict[str, Any], Errors]:
    """Form data in which an object that is written as one JSON text stands as DRF reads it: `address.city`.

    Returns:
        The data, and the errors of texts that are no such JSON, which DRF would pass over.
    """
    serializer = serializer_class()
    if not isinstance(serializer, serializers.Serializer):
        return data, {}
    # Not `data.copy()`, which would copy the files, too.
    spread: MultiValueDict[str, Any] = MultiValueDict(dict(data.lists()))
    errors: Errors = {}
    for name, field in writable_fields(serializer).items():
        text = data.get(name)
        if (
            not isinstance(field, serializers.BaseSerializer | fields.DictField)
            or not isinstance(text, str)
            or not text
        ):
            continue
        expected = list if isinstance(field, serializers.ListSerializer) else dict
        value = _json(text)
        if not isinstance(value, expected):
            errors[name] = [must_be(_("an object") if expected is dict else _("a list"), text)]
            continue
        screen({name: value})
        del spread[name]
        for key, leaf in _leaves(name, value):
            spread.setlist(key, leaf)
    return spread, errors


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _leaves(name: str, value: Any) -> Iterator[tuple[str, list[Any]]]:
    """The names and values that DRF puts together to the value again: `first.name`, `items[0]name`."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}{key}" if name.endswith("]") else f"{name}.{key}", inner)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, inner in enumerate(value):
            yield from _leaves(f"{name}[{index}]", inner)
    elif isinstance(value, list):
        yield name, value
    elif value is not None:
        yield name, [value]
