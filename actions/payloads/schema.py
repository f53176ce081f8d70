"""Payloads declared by a JSON Schema."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from django.core.files import File
from django.utils.datastructures import MultiValueDict

from actions.exceptions import ConfigurationError, InvalidPayloadError

from .closing import effective
from .converting import Builders, Compiler
from .explaining import Explainer
from .form_data import typed
from .formats import CHECKS, FILE_MARK, as_text
from .nodes import copy_json, has_more_values
from .screening import dotted, screen
from .steps import FileMark, RefusedValueError, Step
from .wording import expected, must_be

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator, ValidationError

ROOT = "urn:payload"
EXPLAINED_VALUES = 1_000
"""Data with more values than this get only their first error explained."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    validator: Draft202012Validator
    convert: Step
    explainer: Explainer


class SchemaPayload:
    """A payload that a JSON Schema (2020-12) describes.

    Texts of the formats date, date-time, time, duration, uuid and decimal become the Python values they stand for, and
    defaults are filled in, also inside of objects. Fields that are not declared are refused unless the schema says
    something else with `additionalProperties`. Nothing is compiled before the first use, and nothing is ever fetched.

    Args:
        schema: Free of problems that `check_schema` finds.
        builders: By JSON pointer (`#/properties/priority`), what makes the final value there.
        sensitive: Names of fields, in lower case, whose values must not be repeated in errors.
    """

    def __init__(
        self, schema: Mapping[str, Any], *, builders: Builders | None = None, sensitive: Collection[str] = ()
    ) -> None:
        self._schema = schema
        self._builders = builders or {}
        self._sensitive = sensitive

    def validate(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `Payload`. Declared lists and objects of the result are copies."""
        if isinstance(data, MultiValueDict):
            screen(data)
            data = typed(data, self._effective)
        files: list[File[Any]] = []
        if not screen(data):
            data = _plain(data, files)
        compiled = self._compiled
        if not compiled.validator.is_valid(data):
            raise InvalidPayloadError(errors=compiled.explainer.errors(_errors(compiled.validator, data), data))
        try:
            values: dict[str, Any] = compiled.convert(data, data)
            return _with_files(values, files, []) if files else values
        except RefusedValueError as error:
            raise InvalidPayloadError(errors={dotted(error.path): [str(error)]}) from error

    def json_schema(self) -> dict[str, Any]:
        """See `Payload`. The schema with what is refused made explicit."""
        schema: dict[str, Any] = copy_json(self._effective)
        return schema

    @cached_property
    def _effective(self) -> dict[str, Any]:
        return effective(self._schema)

    @cached_property
    def _compiled(self) -> _Compiled:
        schema = self._effective
        return _Compiled(
            validator=make_validator(schema),
            convert=Compiler(schema, self._builders, self._matcher).compile(),
            explainer=Explainer(schema, self._sensitive),
        )

    def _matcher(self, place: str | dict[str, Any]) -> Draft202012Validator:
        """The validator of one part of the schema, or of a schema of its own."""
        if isinstance(place, dict):
            return make_validator(place)
        return make_validator({"$ref": ROOT + quote(place, safe="#/~")}, {ROOT: self._effective})


def make_validator(schema: dict[str, Any], resources: dict[str, Any] | None = None) -> Draft202012Validator:
    """A validator that asserts formats, never fetches anything, and whose patterns take linear time.

    jsonschema-rs would take a backtracking engine for patterns with look-around; the `regex` engine asked for here
    knows no such patterns and needs time in proportion to the text, whatever the pattern.

    Raises:
        ConfigurationError: The schema is not valid.
    """
    import jsonschema_rs

    try:
        registry = jsonschema_rs.Registry(list(resources.items())) if resources else None
        return jsonschema_rs.Draft202012Validator(
            schema,
            formats=CHECKS,
            validate_formats=True,
            registry=registry,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
        )
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        raise ConfigurationError(f"This is no valid JSON Schema: {str(error).splitlines()[0]}") from error


def _errors(validator: Draft202012Validator, data: Any) -> Iterable[ValidationError]:
    """All errors; of very large data the first, as jsonschema-rs makes all before it gives one, at 30 to 90 µs each."""
    import jsonschema_rs

    if not has_more_values(data, EXPLAINED_VALUES):
        return validator.iter_errors(data)
    try:
        validator.validate(data)
    except jsonschema_rs.ValidationError as error:
        return [error]
    return []


def _plain(value: Any, files: list[File[Any]]) -> Any:
    """Python values as the JSON values that stand for them. Files are put aside, and marks stand for them."""
    if isinstance(value, Enum):
        return _plain(value.value, files)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, files) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(inner, files) for inner in value]
    if isinstance(value, File):
        files.append(value)
        return f"{FILE_MARK}{len(files) - 1}"
    for kind in (str, bool, int, float):
        if isinstance(value, kind):
            return kind(value)
    text = as_text(value)
    return value if text is None else text


def _with_files(value: Any, files: list[File[Any]], path: list[str | int]) -> Any:
    """The value with the files where their marks stand. A mark that is still a text stands where no file belongs."""
    if isinstance(value, FileMark):
        return files[value.number]
    if isinstance(value, str) and value.startswith(FILE_MARK):
        error = RefusedValueError(must_be(expected({"type": "string"}), value))
        error.path = path
        raise error
    if isinstance(value, dict):
        return {key: _with_files(inner, files, [*path, key]) for key, inner in value.items()}
    if isinstance(value, list):
        return [_with_files(inner, files, [*path, index]) for index, inner in enumerate(value)]
    return value
