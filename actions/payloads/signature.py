"""Payloads declared by the parameters of the action's function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from types import SimpleNamespace
from typing import Any, get_args, get_type_hints

from .annotations import AnnotationReader, Schema, UnsupportedAnnotationError
from .describing import argument_descriptions, describe
from .nodes import pointer
from .schema import SchemaPayload
from .schema_check import check_schema

Problem = tuple[str, str, str]
"""Parameter, message, remedy."""

_FIELD_KINDS = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


@dataclass(slots=True)
class _Reading:
    schema: Schema
    builders: dict[str, Callable[[Any], Any]]
    problems: list[Problem] = field(default_factory=list)


class SignaturePayload:
    """A payload that the function's own parameters describe: each is a field, its annotation the field's type.

    A parameter without a default is required. The docstring's `Args:` become descriptions. `**fields: int` takes any
    further field of that type.

    Args:
        skip: Parameters that are no fields: the object, the context.
        sensitive: Names of fields, in lower case, whose values must not be repeated in errors.
    """

    def __init__(
        self, function: Callable[..., Any], skip: Collection[str] = (), *, sensitive: Collection[str] = ()
    ) -> None:
        self._function = function
        self._skip = frozenset(skip)
        self._sensitive = sensitive

    def validate(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `Payload`."""
        return self._payload.validate(data)

    def json_schema(self) -> dict[str, Any]:
        """See `Payload`."""
        return self._payload.json_schema()

    @cached_property
    def problems(self) -> list[Problem]:
        """What is wrong with the parameters, all of it: parameter, message and remedy of each."""
        reading = self._reading
        found = list(reading.problems)
        if not found:
            for path, message in check_schema(reading.schema):
                name = str(path[1]) if path[0] == "properties" else pointer(path)
                found.append((name, message, "Correct its default or its annotation."))
        return found

    @cached_property
    def _payload(self) -> SchemaPayload:
        return SchemaPayload(self._reading.schema, builders=self._reading.builders, sensitive=self._sensitive)

    @cached_property
    def _reading(self) -> _Reading:
        reader = AnnotationReader()
        schema: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
        reading = _Reading(schema, reader.builders)
        descriptions = argument_descriptions(inspect.getdoc(self._function))
        required = []
        for parameter in self._parameters():
            try:
                self._read(parameter, reader, schema, descriptions.get(parameter.name))
            except UnsupportedAnnotationError as error:
                reading.problems.append((parameter.name, error.message, error.remedy))
            if parameter.kind in _FIELD_KINDS and parameter.default is parameter.empty:
                required.append(parameter.name)
        schema |= {"required": required} if required else {}
        schema |= {"$defs": reader.definitions} if reader.definitions else {}
        return reading

    def _parameters(self) -> list[inspect.Parameter]:
        parameters = inspect.signature(self._function).parameters.values()
        return [parameter for parameter in parameters if parameter.name not in self._skip]

    def _read(
        self, parameter: inspect.Parameter, reader: AnnotationReader, schema: Schema, description: str | None
    ) -> None:
        """Add a parameter to the schema."""
        name = parameter.name
        if parameter.kind is parameter.POSITIONAL_ONLY:
            raise UnsupportedAnnotationError("it can be given by position only.", f'Move "{name}" behind "/" or "*".')
        if parameter.kind is parameter.VAR_POSITIONAL:
            return
        if parameter.kind is parameter.VAR_KEYWORD:
            self._read_further(parameter, reader, schema)
            return
        if parameter.annotation is parameter.empty:
            raise UnsupportedAnnotationError("it has no annotation.", f"Write its type, such as {name}: str.")
        field_schema = reader.read(self._resolved(parameter), pointer(("properties", name)))
        default = {} if parameter.default is parameter.empty else {"default": parameter.default}
        describe(field_schema, name, description, **default)
        schema["properties"][name] = field_schema

    def _read_further(self, parameter: inspect.Parameter, reader: AnnotationReader, schema: Schema) -> None:
        """`**fields: int` takes any further field, but none with the name of a parameter that is no field."""
        annotation = Any if parameter.annotation is parameter.empty else self._resolved(parameter)
        if get_args(annotation) and hasattr(get_args(annotation)[0], "__required_keys__"):
            raise UnsupportedAnnotationError("Unpack is not read.", "Write the fields as parameters of their own.")
        schema["additionalProperties"] = reader.read(annotation, "#/additionalProperties")
        if self._skip:
            schema["propertyNames"] = {"not": {"enum": sorted(self._skip)}}

    def _resolved(self, parameter: inspect.Parameter) -> Any:
        """The annotation itself, also where it is written as a text (`from __future__ import annotations`)."""
        holder = SimpleNamespace(__annotations__={"value": parameter.annotation})
        try:
            return get_type_hints(holder, _globals(self._function), include_extras=True)["value"]
        except (NameError, SyntaxError, AttributeError, TypeError) as error:
            raise UnsupportedAnnotationError(
                f"its annotation {parameter.annotation} cannot be resolved: {error}.",
                "Import the name at the top of the module, and not under TYPE_CHECKING.",
            ) from error


def _globals(function: Any) -> dict[str, Any]:
    """The names that a function's annotations may use."""
    function = inspect.unwrap(function)
    while isinstance(function, partial):
        function = inspect.unwrap(function.func)
    if not inspect.isfunction(function) and not inspect.ismethod(function):
        function = type(function).__call__
    names: dict[str, Any] = getattr(function, "__globals__", {})
    return names
