"""The ways an action is carried out: a function, or the `save()` of a form or a serializer.

`prepare` checks the payload and returns what will do the work; the work itself is done by calling that.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from django.utils.translation import gettext as _

from .django_payloads import FormPayload, SerializerPayload
from .exceptions import InvalidPayloadError, NotImplementedActionError
from .payloads import Payload, PydanticPayload, SchemaPayload, SignaturePayload, is_pydantic_model

if TYPE_CHECKING:
    from .context import ActionContext

Prepared = Callable[[], Any]
"""Does the work, once."""

CONTEXT = "context"
_EVERYTHING = inspect.Parameter.VAR_KEYWORD
_BY_NAME_TOO = inspect.Parameter.POSITIONAL_OR_KEYWORD
WHOLE = "payload"
"""A parameter of this name gets the whole payload instead of one field."""


class Runner(Protocol):
    """Carries an action out."""

    @property
    def payload(self) -> Payload:
        """What the action takes."""

    def prepare(self, data: Mapping[str, Any], target: Any, view: Any, context: ActionContext) -> Prepared:
        """Check the payload.

        Raises:
            InvalidPayloadError: It does not fit.
        """


class FunctionRunner:
    """Calls `function(target, **payload, context=context)`, leaving out what it does not take."""

    def __init__(
        self,
        function: Callable[..., Any],
        payload: Payload,
        *,
        takes_target: bool,
        takes_context: bool,
        takes_whole: bool,
        target_name: str = "",
    ) -> None:
        self.function = function
        self._target_name = target_name
        self.payload = payload
        self._takes_target = takes_target
        self._takes_context = takes_context
        self._takes_whole = takes_whole

    def prepare(self, data: Mapping[str, Any], target: Any, view: Any, context: ActionContext) -> Prepared:
        if isinstance(self.payload, SerializerPayload):
            params = self.payload.validate(data, context=view.get_serializer_context())
        else:
            params = self.payload.validate(data)
        arguments: dict[str, Any] = {WHOLE: params} if self._takes_whole else dict(params)
        if self._takes_context:
            arguments[CONTEXT] = context
        if self._takes_target:
            if self._target_name in arguments:
                # Only `**payload` lets it through: the function would get its object twice.
                raise InvalidPayloadError(errors={self._target_name: [_("There is no such field.")]})
            return partial(self.function, target, **arguments)
        return partial(self.function, **arguments)


class FormRunner:
    """Calls the form's `save(request, pk)`, or a ModelForm's `save()`."""

    def __init__(self, form_class: type) -> None:
        self.form_class = form_class
        self.payload = FormPayload(form_class)
        self._make = getattr(form_class, "get_form", None)
        self._takes_request = "request" in inspect.signature(form_class.save).parameters  # type: ignore[attr-defined]

    def prepare(self, data: Mapping[str, Any], target: Any, view: Any, context: ActionContext) -> Prepared:
        pk = getattr(target, "pk", None)
        if self._make is not None:
            form = self._make(view, view.request, pk, instance=target)
        else:
            form = self.payload.build(data, instance=target)
        self.payload.check(form)
        save = partial(form.save, view.request, pk) if self._takes_request else form.save
        instance = target if target is not None else getattr(form, "instance", None)
        if instance is not None and hasattr(form, "get_stream_message"):
            context.text = partial(form.get_stream_message, instance)
        return save


class SerializerRunner:
    """Calls the serializer's `save()`: `update()` of the object for an instance action, else `create()`."""

    def __init__(self, serializer_class: type, is_instance: bool) -> None:
        self.serializer_class = serializer_class
        self.payload = SerializerPayload(serializer_class)
        self._is_instance = is_instance

    def prepare(self, data: Mapping[str, Any], target: Any, view: Any, context: ActionContext) -> Prepared:
        instance = {"instance": target} if self._is_instance else {}
        serializer = self.payload.build(data, context=view.get_serializer_context(), **instance)
        self.payload.check(serializer)
        return partial(self._save, serializer)

    @staticmethod
    def _save(serializer: Any) -> Any:
        serializer.save()
        return serializer.data


class PromisedRunner:
    """Stands for an action that is announced (status `todo`) and not written yet."""

    def __init__(self, schema: Any) -> None:
        self.payload = SchemaPayload(schema if isinstance(schema, Mapping) else {"type": "object"})

    def prepare(self, data: Mapping[str, Any], target: Any, view: Any, context: ActionContext) -> Prepared:
        raise NotImplementedActionError


def function_runner(
    function: Callable[..., Any],
    takes_target: bool,
    *,
    schema: Any = None,
    form: Any = None,
    serializer: Any = None,
    sensitive: frozenset[str] = frozenset(),
) -> tuple[FunctionRunner | None, list[tuple[str, str]]]:
    """A runner for a function whose payload is declared in one way, or (message, remedy) of all that is wrong."""
    if _is_async(function):
        name = getattr(function, "__name__", "function")
        remedy = "Write a plain def, and call async code in it by asgiref.sync.async_to_sync."
        return None, [(f"{name} is async, and an action runs in one thread with its transaction.", remedy)]
    parameters = list(inspect.signature(function).parameters.values())
    own = parameters[1:] if takes_target else parameters
    if takes_target and (not parameters or parameters[0].kind is inspect.Parameter.KEYWORD_ONLY):
        name = getattr(function, "__name__", "function")
        return None, [
            (f"{name} takes no object.", f"Write def {name}(target, *, …), or for a bulk action: selection: none.")
        ]
    fields = [parameter for parameter in own if parameter.name != CONTEXT]
    takes_whole = any(parameter.name == WHOLE and parameter.kind is not _EVERYTHING for parameter in fields)
    payload: Payload
    problems: list[tuple[str, str]] = []
    if schema is not None:
        kind = PydanticPayload if is_pydantic_model(schema) else SchemaPayload
        payload = kind(schema, sensitive=sensitive)
    elif form is not None:
        payload = FormPayload(form)
    elif serializer is not None:
        payload = SerializerPayload(serializer)
    else:
        skip = tuple(parameter.name for parameter in parameters if parameter not in fields)
        payload = SignaturePayload(function, skip=skip, sensitive=sensitive)
        problems = [(f"{name}: {message}", remedy) for name, message, remedy in payload.problems]
        takes_whole = False
    if not isinstance(payload, SignaturePayload) and not takes_whole:
        problems = list(_mismatches(payload, fields))
    if problems:
        return None, problems
    takes_context = any(parameter.name == CONTEXT and parameter.kind is not _EVERYTHING for parameter in own)
    runner = FunctionRunner(
        function,
        payload,
        takes_target=takes_target,
        takes_context=takes_context,
        takes_whole=takes_whole,
        target_name=parameters[0].name if takes_target and parameters[0].kind is _BY_NAME_TOO else "",
    )
    return runner, []


def _is_async(function: Callable[..., Any]) -> bool:
    """Whether a call does nothing yet, but gives something to wait for."""
    called = (function, getattr(function, "__call__", None))  # noqa: B004 - not whether, but what is called
    return any(inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each) for each in called)


def _mismatches(payload: Payload, parameters: list[inspect.Parameter]) -> list[tuple[str, str]]:
    """Where a declared payload and the parameters of the function that gets it do not agree."""
    schema = payload.json_schema()
    declared, required = set(schema.get("properties", {})), set(schema.get("required", []))
    takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    named = {parameter.name: parameter for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD}
    problems = []
    if not takes_all:
        problems += [
            (
                f'the payload\'s field "{name}" is no parameter of the function.',
                f"Add a parameter {name}, or **{WHOLE}.",
            )
            for name in sorted(declared - set(named))
        ]
    for name, parameter in named.items():
        if parameter.default is not parameter.empty:
            continue
        if name not in declared:
            problems.append(
                (f'the parameter "{name}" is no field of the payload.', "Declare it, or give it a default.")
            )
        elif name not in required and "default" not in schema["properties"][name]:
            problems.append(
                (f'the parameter "{name}" has no default, but the field may be left out.', "Give it a default.")
            )
    return problems
