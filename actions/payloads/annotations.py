"""Python's type annotations as JSON Schema, and what makes values of these types from JSON.

The texts here are for developers: they are shown when a definition is loaded.
"""

from __future__ import annotations

import datetime as dt
import types
import typing
from collections import abc
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from django.core.files import File
from django.utils.translation import gettext as _

from .constraints import constrain
from .describing import argument_descriptions, describe
from .nodes import json_type, pointer
from .wording import shown

Schema = dict[str, Any]
Builder = Callable[[Any], Any]

_SIMPLE: dict[Any, Schema] = {
    Any: {},
    object: {},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    Decimal: {"type": ["number", "string"], "format": "decimal"},
    dt.date: {"type": "string", "format": "date"},
    dt.datetime: {"type": "string", "format": "date-time"},
    dt.time: {"type": "string", "format": "time"},
    dt.timedelta: {"type": "string", "format": "duration"},
    UUID: {"type": "string", "format": "uuid"},
    None: {"type": "null"},
    types.NoneType: {"type": "null"},
    list: {"type": "array"},
    tuple: {"type": "array"},
    set: {"type": "array", "uniqueItems": True},
    frozenset: {"type": "array", "uniqueItems": True},
    dict: {"type": "object"},
    abc.Sequence: {"type": "array"},
    abc.Collection: {"type": "array"},
    abc.Iterable: {"type": "array"},
    abc.Mapping: {"type": "object"},
}
FILE_SCHEMA: Schema = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
_LISTS = (list, abc.Sequence, abc.MutableSequence, abc.Collection, abc.Iterable)
_SETS = (set, frozenset, abc.Set, abc.MutableSet)
_MAPPINGS = (dict, abc.Mapping, abc.MutableMapping)
_QUALIFIERS = tuple(
    getattr(typing, name) for name in ("Required", "NotRequired", "ReadOnly", "Final") if hasattr(typing, name)
)
POSSIBLE = (
    "Use str, int, float, bool, Decimal, date, datetime, time, timedelta, UUID, an Enum, Literal, list, tuple, set, "
    "dict[str, …], a dataclass, a TypedDict, UploadedFile, or a union of these; or declare the payload by a schema, "
    "a serializer, a form or a pydantic model."
)


class UnsupportedAnnotationError(TypeError):
    """An annotation that has no counterpart in JSON."""

    def __init__(self, message: str, remedy: str = POSSIBLE) -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} {remedy}")


class AnnotationReader:
    """Reads annotations into schemas.

    Classes with fields of their own stand in `definitions`, once each, and may refer to each other.
    """

    def __init__(self) -> None:
        self.definitions: dict[str, Schema] = {}
        self.builders: dict[str, Builder] = {}
        """By JSON pointer, what makes the Python value of what JSON Schema has found valid there."""
        self._names: dict[type, str] = {}

    def read(self, annotation: Any, place: str) -> Schema:
        """The schema of an annotation.

        Args:
            place: The JSON pointer at which the schema will stand.

        Raises:
            UnsupportedAnnotationError: There is none.
        """
        if isinstance(annotation, typing.Hashable) and annotation in _SIMPLE:
            return self._simple(annotation, place)
        origin, arguments = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            schema = self.read(arguments[0], place)
            for build in constrain(schema, arguments[1:]):
                self._build(place, build)
            return schema
        meant = _meant(annotation)
        if meant is not annotation:
            return self.read(meant, place)
        return self._composed(origin, arguments, place) or self._class(annotation, place)

    def _simple(self, annotation: Any, place: str) -> Schema:
        if annotation is float or annotation in (tuple, set, frozenset):
            self._build(place, float if annotation is float else _collection(annotation))
        return dict(_SIMPLE[annotation])

    def _composed(self, origin: Any, arguments: tuple[Any, ...], place: str) -> Schema | None:
        """The schema of a type with arguments; None for any other."""
        if origin in (Union, types.UnionType):
            return self._union(arguments, place)
        if origin is Literal:
            return self._literal(arguments, place)
        if origin is tuple:
            return self._tuple(arguments, place)
        if origin in _SETS:
            self._build(place, _collection(frozenset if origin is frozenset else set))
            return {"type": "array", "uniqueItems": True, **self._items(arguments, place)}
        if origin in _LISTS:
            return {"type": "array", **self._items(arguments, place)}
        return self._mapping(arguments, place) if origin in _MAPPINGS else None

    def _items(self, arguments: tuple[Any, ...], place: str) -> Schema:
        return {"items": self.read(arguments[0], f"{place}/items")}

    def _tuple(self, arguments: tuple[Any, ...], place: str) -> Schema:
        self._build(place, tuple)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return {"type": "array", **self._items(arguments, place)}
        items = [self.read(argument, f"{place}/prefixItems/{index}") for index, argument in enumerate(arguments)]
        size = {"minItems": len(items), "maxItems": len(items)}
        return {"type": "array", **({"prefixItems": items} if items else {}), **size}

    def _mapping(self, arguments: tuple[Any, ...], place: str) -> Schema:
        if arguments[0] not in (str, Any):
            raise UnsupportedAnnotationError(f"{_name(arguments[0])} is no key for JSON.", "Use dict[str, …].")
        return {"type": "object", "additionalProperties": self.read(arguments[1], f"{place}/additionalProperties")}

    def _union(self, arguments: tuple[Any, ...], place: str) -> Schema:
        others = [argument for argument in arguments if argument not in (None, types.NoneType)]
        is_nullable = len(others) < len(arguments)
        if len(others) == 1 and _is_plain(others[0]):
            schema = self.read(others[0], place)
            declared = schema["type"]
            schema["type"] = [*([declared] if isinstance(declared, str) else declared), "null"]
            return schema
        schemas = [self.read(argument, f"{place}/anyOf/{index}") for index, argument in enumerate(others)]
        return {"anyOf": [*schemas, {"type": "null"}] if is_nullable else schemas}

    def _literal(self, options: tuple[Any, ...], place: str) -> Schema:
        members = {option.value: option for option in options if isinstance(option, Enum)}
        if members:
            self._build(place, lambda value: members.get(value, value))
        return _enumeration([option.value if isinstance(option, Enum) else option for option in options])

    def _class(self, annotation: Any, place: str) -> Schema:
        if not isinstance(annotation, type):
            raise UnsupportedAnnotationError(f"{_name(annotation)} has no counterpart in JSON.")
        if issubclass(annotation, Enum):
            self._build(place, annotation)
            return _enumeration([member.value for member in annotation])
        if issubclass(annotation, File):
            return dict(FILE_SCHEMA)
        if is_dataclass(annotation) or typing.is_typeddict(annotation):
            return {"$ref": self._defined(annotation)}
        if hasattr(annotation, "_meta"):
            raise UnsupportedAnnotationError(
                f"{_name(annotation)} is a model.", "Take its key (int or UUID) and fetch it, or use a serializer."
            )
        if hasattr(annotation, "model_json_schema"):
            raise UnsupportedAnnotationError(
                f"{_name(annotation)} is a pydantic model.", "Name it in the definition: schema: path.to.Model."
            )
        raise UnsupportedAnnotationError(f"{_name(annotation)} has no counterpart in JSON.")

    def _defined(self, cls: type) -> str:
        """The place of a class with fields of its own."""
        name = self._names.get(cls)
        if name is None:
            name = cls.__name__
            while name in self.definitions:
                name += "_"
            self._names[cls] = name
            self.definitions[name] = {}
            place = pointer(("$defs", name))
            self.definitions[name] = self._fields(cls, place)
            if is_dataclass(cls):
                self._build(place, lambda value: cls(**value))
        return pointer(("$defs", name))

    def _fields(self, cls: type, place: str) -> Schema:
        try:
            hints = get_type_hints(cls, include_extras=True)
        except (NameError, SyntaxError) as error:
            raise UnsupportedAnnotationError(f"an annotation of {cls.__name__} cannot be resolved: {error}.") from error
        descriptions = argument_descriptions(cls.__doc__)
        properties: dict[str, Schema] = {}
        required: list[str] = []
        for name, is_required, default in _class_fields(cls, hints):
            schema = self.read(hints[name], place + pointer(("properties", name))[1:])
            describe(schema, name, descriptions.get(name), default)
            properties[name] = schema
            if is_required:
                required.append(name)
        schema = {"type": "object", "title": cls.__name__, "properties": properties, "additionalProperties": False}
        return {**schema, **({"required": required} if required else {})}

    def _build(self, place: str, build: Builder) -> None:
        before = self.builders.get(place)
        self.builders[place] = build if before is None else lambda value: build(before(value))


def _meant(annotation: Any) -> Any:
    """What an annotation stands for that is only another name, or says something about the field and not its type."""
    if get_origin(annotation) in _QUALIFIERS:
        return get_args(annotation)[0]
    # NewType, and aliases that are written with the `type` statement.
    return getattr(annotation, "__supertype__", getattr(annotation, "__value__", annotation))


def _is_plain(annotation: Any) -> bool:
    """Whether null can be added to the types of the annotation's schema, instead of an alternative."""
    if get_origin(annotation) is Annotated:
        return _is_plain(get_args(annotation)[0])
    if get_origin(annotation) is not None:
        return get_origin(annotation) in (*_LISTS, *_SETS, *_MAPPINGS, tuple)
    is_known = isinstance(annotation, typing.Hashable) and annotation in _SIMPLE
    return (is_known and bool(_SIMPLE[annotation])) or (isinstance(annotation, type) and issubclass(annotation, File))


def _enumeration(values: list[Any]) -> Schema:
    for value in values:
        if not (value is None or isinstance(value, str | int | float | bool)):
            raise UnsupportedAnnotationError(f"{shown(value)} is no value for JSON.", "Use texts or numbers as values.")
    # Subclasses of str and int, such as members of Django's choices, are no JSON values for the validator.
    plain = [_plain_scalar(value) for value in values]
    kinds = list(dict.fromkeys(map(json_type, plain)))
    return {"type": kinds[0] if len(kinds) == 1 else kinds, "enum": plain}


def _plain_scalar(value: Any) -> Any:
    for kind in (bool, str, int, float):
        if isinstance(value, kind):
            return kind(value)
    return value


def _class_fields(cls: type, hints: Mapping[str, Any]) -> Iterator[tuple[str, bool, Any]]:
    """Name, whether it is required, and default, of the fields of a dataclass or a TypedDict."""
    if not is_dataclass(cls):
        always: frozenset[str] = getattr(cls, "__required_keys__", frozenset())
        for name, hint in hints.items():
            origin = get_origin(hint)
            is_required = origin is typing.Required or (origin is not typing.NotRequired and name in always)
            yield name, is_required, MISSING
        return
    for field in fields(cls):
        if field.init:
            default = field.default
            if field.default_factory is not MISSING:
                default = field.default_factory()
            has_default = field.default is not MISSING or field.default_factory is not MISSING
            yield field.name, not has_default, default


def _collection(kind: Any) -> Builder:
    def build(value: list[Any]) -> Any:
        try:
            return kind(value)
        except TypeError as error:
            raise ValueError(_("Its items must be single values, not lists or objects.")) from error

    return build


def _name(annotation: Any) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
