"""What a task takes: its own parameters, with instances of models among them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from types import SimpleNamespace, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from django.db.models import Model
from django.db.models.query import QuerySet
from django.utils.translation import gettext as _

from actions.exceptions import InvalidPayloadError
from actions.payloads import SignaturePayload
from actions.payloads.describing import argument_descriptions

CONTEXT = "context"
_NAMED = (inspect.Parameter.KEYWORD_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class TaskPayload:
    """A `SignaturePayload` that also lets through what has no JSON Schema.

    A parameter that is an instance of a model (`user: User`), or has no annotation, or `Any` or `dict[str, Any]`, gets
    its argument as it is, if it is of that class. All others are checked and converted as their annotations say.

    Args:
        sensitive: Names of fields, in lower case, whose values must not be repeated in errors.
    """

    def __init__(self, function: Callable[..., Any], *, sensitive: Collection[str] = ()) -> None:
        self._function = function
        self._hints = _hints(function)
        parameters = inspect.signature(function).parameters
        named = {name: each for name, each in parameters.items() if name != CONTEXT and each.kind in _NAMED}
        self._open = {name: each for name, each in named.items() if self._is_open(each)}
        self._unreadable = [name for name, each in self._open.items() if not self._is_readable(each)]
        self._takes_all = any(
            each.kind is each.VAR_KEYWORD and _is_open(self._hints.get(name, Any)) for name, each in parameters.items()
        )
        self._described = SignaturePayload(function, skip=(CONTEXT, *self._unreadable))
        self._declared = SignaturePayload(function, skip=(CONTEXT, *self._open), sensitive=sensitive)

    @property
    def problems(self) -> list[tuple[str, str, str]]:
        """What is wrong with the parameters: parameter, message and remedy of each."""
        return self._described.problems

    def validate(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `Payload`."""
        passed = {name: value for name, value in data.items() if self._passes(name)}
        errors: dict[str, Any] = self._misfits(passed)
        values: dict[str, Any] = {}
        if self._has_declared or len(passed) < len(data):
            try:
                values = self._declared.validate({name: data[name] for name in data if name not in passed})
            except InvalidPayloadError as error:
                errors |= error.errors
        if errors:
            raise InvalidPayloadError(errors=errors)
        return values | passed

    def json_schema(self) -> dict[str, Any]:
        """See `Payload`. A parameter for an instance of a model has "x-model"."""
        schema = self._described.json_schema()
        if self._takes_all:
            schema.pop("propertyNames", None)
        texts = argument_descriptions(inspect.getdoc(self._function))
        fields = schema.get("properties", {})
        for name in self._unreadable:
            fields[name] = self._schema(self._open[name], texts.get(name, ""))
        order = [name for name in inspect.signature(self._function).parameters if name in fields]
        schema["properties"] = {name: fields[name] for name in order}
        if required := {*schema.get("required", ()), *self._required}:
            schema["required"] = [name for name in order if name in required]
        return schema

    @cached_property
    def _has_declared(self) -> bool:
        return bool(self._declared.json_schema().get("properties"))

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._declared.json_schema().get("properties", {}))

    @cached_property
    def _required(self) -> list[str]:
        return [name for name, each in self._open.items() if each.default is each.empty]

    @cached_property
    def _classes(self) -> dict[str, tuple[type, ...]]:
        """By open parameter, the classes of which its argument has to be; of those that name classes."""
        found = {name: _classes(self._hints.get(name, Any)) for name in self._open}
        return {name: classes for name, classes in found.items() if classes}

    def _passes(self, name: str) -> bool:
        """Whether an argument is given as it is."""
        if name in self._open:
            return True
        return self._takes_all and name not in self._known and name != CONTEXT

    def _is_open(self, parameter: inspect.Parameter) -> bool:
        return parameter.annotation is parameter.empty or _is_open(self._hints.get(parameter.name))

    def _is_readable(self, parameter: inspect.Parameter) -> bool:
        """Whether an open parameter has a JSON Schema all the same."""
        return parameter.annotation is not parameter.empty and not _has_models(self._hints.get(parameter.name))

    def _misfits(self, passed: Mapping[str, Any]) -> dict[str, Any]:
        errors: dict[str, Any] = {name: [_("This field is required.")] for name in self._required if name not in passed}
        for name, classes in self._classes.items():
            if name in passed and not isinstance(passed[name], classes):
                expected = _(" or ").join(dict.fromkeys(map(_in_words, classes)))
                given = _in_words(type(passed[name]))
                errors[name] = [_("Must be %(expected)s, not %(given)s.") % {"expected": expected, "given": given}]
        return errors

    def _schema(self, parameter: inspect.Parameter, description: str) -> dict[str, Any]:
        """Of a parameter that has none of its own."""
        schema: dict[str, Any] = {"description": description} if description else {}
        models = [each for each in self._classes.get(parameter.name, ()) if issubclass(each, Model)]
        if models:
            schema["x-model"] = " or ".join(each._meta.label_lower for each in models)
        if isinstance(parameter.default, str | int | float | bool | list | dict):
            schema["default"] = parameter.default
        return schema


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotations, without those that cannot be resolved, which `SignaturePayload` reports.

    One by one: that of `context` may be there for type checkers only.
    """
    names = getattr(inspect.unwrap(function), "__globals__", {})
    found: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        written = {} if parameter.annotation is parameter.empty else {name: parameter.annotation}
        holder = SimpleNamespace(__annotations__=written)
        with suppress(Exception):  # whatever evaluating an annotation raises
            found |= get_type_hints(holder, names, include_extras=True)
    return found


def _is_open(hint: Any) -> bool:
    """Whether something of an annotation may be anything, or an instance of a model."""
    return hint in (Any, object, dict, list) or _is_model(hint) or any(map(_is_open, get_args(hint)))


def _has_models(hint: Any) -> bool:
    return _is_model(hint) or any(map(_has_models, get_args(hint)))


def _is_model(hint: Any) -> bool:
    kind = get_origin(hint) or hint
    return isinstance(kind, type) and issubclass(kind, Model | QuerySet)


def _classes(hint: Any) -> tuple[type, ...]:
    """`User | None` and `dict[str, Any]` as classes to check with; () where anything goes."""
    kind = get_origin(hint) or hint
    if kind in (Union, UnionType):
        found = [_classes(each) for each in get_args(hint)]
        return tuple(each for classes in found for each in classes) if all(found) else ()
    if kind in (list, Sequence):
        return (list, tuple, QuerySet)
    if kind in (dict, Mapping):
        return (Mapping,)
    return (kind,) if isinstance(kind, type) and kind not in (Any, object) else ()


def _in_words(kind: type) -> str:
    """A class for a reader who may not know Python."""
    if issubclass(kind, Model):
        return _("an instance of %(model)s") % {"model": kind._meta.label_lower}
    if issubclass(kind, Mapping):
        return _("an object")
    if issubclass(kind, list | tuple | QuerySet):
        return _("a list")
    return _("null") if kind is type(None) else kind.__name__
