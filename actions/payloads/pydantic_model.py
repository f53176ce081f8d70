"""Payloads declared by a pydantic model (the extra "pydantic"). Pydantic is imported on first use."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from django.core.files import File
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from actions.exceptions import InvalidPayloadError, MissingExtraError

from .closing import effective
from .form_data import typed
from .formats import in_project_zone
from .nodes import copy_json
from .screening import MAX_PROBLEMS, Path, dotted, screen, screen_values
from .wording import REQUIRED, unknown_field

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError
    from pydantic.fields import FieldInfo
    from pydantic.json_schema import GenerateJsonSchema

    Problem = tuple[Path, str]


def is_pydantic_model(value: Any) -> TypeGuard[type[BaseModel]]:
    """Whether the value is a model class. Asks nobody to have pydantic installed."""
    pydantic = sys.modules.get("pydantic")
    return pydantic is not None and isinstance(value, type) and issubclass(value, pydantic.BaseModel)


class PydanticPayload:
    """A payload that a pydantic 2 model describes. The function gets the model's fields, nested models as they are.

    Fields that the model does not declare are refused unless its `model_config` says something about `extra`.

    Args:
        sensitive: Names of fields, in lower case, whose values must not be repeated in errors.
    """

    def __init__(self, model: type[BaseModel], *, sensitive: Collection[str] = ()) -> None:
        self.model = model
        self._sensitive = frozenset(sensitive)

    def validate(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `Payload`.

        Raises:
            MissingExtraError: Pydantic is not installed.
        """
        invalid = _pydantic().ValidationError
        if isinstance(data, MultiValueDict):
            screen(data)
            data = typed(data, self._effective)
        screen(data)
        problems = list(_unknown((), data, self.model))
        try:
            instance = self.model.model_validate(dict(data))
        except invalid as error:
            raise _refusal([*self._problems(error, data), *problems]) from None
        problems = problems or list(_unknown_inside((), data, instance))
        if problems:
            raise _refusal(problems)
        values = {name: _aware(getattr(instance, name), field) for name, field in _fields(instance)}
        values.update(instance.model_extra or {})
        screen_values(values)
        return values

    def _problems(self, error: ValidationError, data: Any) -> Iterator[Problem]:
        for details in error.errors(include_url=False, include_context=False):
            location, kind = details["loc"], details["type"]
            if kind == "missing":
                yield (*_path(location[:-1], data), location[-1]), str(REQUIRED)
                continue
            path = _path(location, data)
            if kind == "extra_forbidden":
                yield path, unknown_field(str(path[-1]), _names(self.model) if len(path) == 1 else {})
                continue
            text = details["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
            if self._sensitive & {str(part).lower() for part in path} and str(details["input"]) in text:
                text = _("Is not possible here.")
            yield path, text if text.endswith((".", "!", "?")) else f"{text}."

    def json_schema(self) -> dict[str, Any]:
        """See `Payload`."""
        schema: dict[str, Any] = copy_json(self._effective)
        return schema

    @cached_property
    def _effective(self) -> dict[str, Any]:
        _pydantic()
        return effective(self.model.model_json_schema(schema_generator=_generator()))


def _pydantic() -> Any:
    try:
        import pydantic
    except ImportError as error:
        raise MissingExtraError("pydantic", "pydantic") from error
    return pydantic


@cache
def _generator() -> type[GenerateJsonSchema]:
    from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

    class Generator(GenerateJsonSchema):
        """Describes files, decimals and ignored fields as the other adapters do."""

        def is_instance_schema(self, schema: Any) -> JsonSchemaValue:
            if isinstance(schema["cls"], type) and issubclass(schema["cls"], File):
                return {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}
            return {}

        def decimal_schema(self, schema: Any) -> JsonSchemaValue:
            described: dict[str, Any] = {"type": ["number", "string"], "format": "decimal"}
            self.update_with_validations(described, schema, self.ValidationsMapping.numeric)
            return {key: float(value) if isinstance(value, Decimal) else value for key, value in described.items()}

        def model_schema(self, schema: Any) -> JsonSchemaValue:
            described = super().model_schema(schema)
            if schema["cls"].model_config.get("extra") == "ignore":
                described.setdefault("additionalProperties", True)
            return described

        def handle_invalid_for_json_schema(self, schema: Any, error_info: str) -> JsonSchemaValue:
            return {}

    return Generator


def _fields(instance: BaseModel) -> list[tuple[str, FieldInfo]]:
    return list(type(instance).model_fields.items())


def _refusal(problems: list[Problem]) -> InvalidPayloadError:
    errors: dict[str, list[str]] = {}
    for path, sentence in problems[:MAX_PROBLEMS]:
        errors.setdefault(dotted(path), []).append(sentence)
    return InvalidPayloadError(errors=errors)


def _path(location: Path, data: Any) -> Path:
    """Where in the data an error is: pydantic's location without the names of a union's alternatives."""
    path: list[str | int] = []
    for part in location:
        is_field = isinstance(data, Mapping) and part in data
        if is_field or (isinstance(data, list | tuple) and isinstance(part, int) and part < len(data)):
            data = data[part]
            path.append(part)
    return tuple(path)


def _names(model: type[BaseModel]) -> dict[str, str]:
    """The fields' names in the data, with the attribute that each fills."""
    config = model.model_config
    by_name = bool(config.get("populate_by_name") or config.get("validate_by_name"))
    names: dict[str, str] = {}
    for name, field in model.model_fields.items():
        aliases = [_first(alias) for alias in _aliases(field)]
        names.update(dict.fromkeys(aliases, name))
        if by_name or not aliases:
            names[name] = name
    return names


def _aliases(field: FieldInfo) -> list[Any]:
    alias = field.validation_alias or field.alias
    return [] if alias is None else list(getattr(alias, "choices", [alias]))


def _first(alias: Any) -> str:
    return alias if isinstance(alias, str) else str(alias.path[0])


def _unknown(path: Path, data: Mapping[str, Any], model: type[BaseModel]) -> Iterator[Problem]:
    """Fields that a model without a word about `extra` does not declare. Pydantic would pass over them in silence."""
    if "extra" not in model.model_config:
        names = _names(model)
        for name in data:
            if name not in names:
                yield (*path, name), unknown_field(name, names)


def _unknown_inside(path: Path, raw: Any, value: Any) -> Iterator[Problem]:
    """The same in nested models, which are found by walking through the data and the result side by side."""
    if isinstance(raw, Mapping) and is_pydantic_model(type(value)):
        model = cast("type[BaseModel]", type(value))
        if path:
            yield from _unknown(path, raw, model)
        for name, attribute in _names(model).items():
            if name in raw:
                yield from _unknown_inside((*path, name), raw[name], getattr(value, attribute))
    elif isinstance(raw, Mapping) and isinstance(value, Mapping):
        for name in raw:
            yield from _unknown_inside((*path, name), raw[name], value.get(name))
    elif isinstance(raw, list | tuple) and isinstance(value, list | tuple):
        for index, (inner_raw, inner) in enumerate(zip(raw, value, strict=False)):
            yield from _unknown_inside((*path, index), inner_raw, inner)


def _aware(value: Any, field: FieldInfo) -> Any:
    """A date and time in the project's zone, unless the model asks for a naive one."""
    if isinstance(value, list):
        return [_aware(item, field) for item in value]
    if not isinstance(value, dt.datetime) or "NaiveDatetime" in repr(field.annotation):
        return value
    try:
        return in_project_zone(value)
    except ValueError:
        return value
