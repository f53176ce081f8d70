"""A function that says whether a value, or a whole payload, may be: called, and what it says made into errors."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from actions.exceptions import NON_FIELD_ERRORS, ActionError, InvalidPayloadError

logger = logging.getLogger(__name__)

Errors = dict[str, list[str]]
_READERS: Mapping[Any, Callable[[str], Any]] = {int: int, float: float, "int": int, "float": float}


@dataclass(frozen=True, slots=True)
class Validation:
    """A check by its name."""

    name: str
    function: Callable[..., Any] | None = None
    """Gets the value and, where one is given, the argument. It refuses by raising, or by answering False."""
    schema: Callable[[str, str], dict[str, Any]] | None = None
    """Or: makes JSON Schema of argument and type, so that documentation shows it. ValueError: a wrong argument."""
    needs_argument: bool | None = None
    """Whether something has to stand after the colon; None: it may."""
    source: str = ""

    def read_argument(self, text: str | None) -> tuple[Any, ...]:
        """The arguments of the function besides the value.

        Raises:
            ValueError: There has to be one, or none, or it is of another type.
        """
        if self.needs_argument and text is None:
            raise ValueError(f"it needs an argument: {self.name}:…")
        if self.needs_argument is False and text is not None:
            raise ValueError("it takes no argument")
        return () if text is None else (self._read(text),)

    def _read(self, text: str) -> Any:
        parameters = list(inspect.signature(self.function).parameters.values()) if self.function else []
        annotation = parameters[1].annotation if len(parameters) > 1 else None
        reader = _READERS.get(annotation) if isinstance(annotation, str | type) else None
        try:
            return reader(text) if reader else text
        except ValueError as error:
            raise ValueError(f'"{text}" is no {getattr(annotation, "__name__", annotation)}') from error


def from_function(name: str, function: Callable[..., Any], *, source: str = "") -> Validation:
    """A function as a validation: what it needs is what its parameters say."""
    positional = [
        each
        for each in inspect.signature(function).parameters.values()
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD, each.VAR_POSITIONAL)
    ]
    more = positional[1:] if positional and positional[0].kind != inspect.Parameter.VAR_POSITIONAL else positional
    needs: bool | None = bool(more) and None
    if more and more[0].kind != more[0].VAR_POSITIONAL and more[0].default is more[0].empty:
        needs = True
    return Validation(name, function, needs_argument=needs, source=source)


@dataclass(frozen=True, slots=True)
class Check:
    """A validation with its argument."""

    validation: Validation
    arguments: tuple[Any, ...] = ()

    def errors(self, value: Any) -> Errors:
        """What it says of a value, by the path within it; empty where it has nothing against it.

        Raises:
            ActionError: The function has failed in another way than to refuse (500).
        """
        function = self.validation.function
        if function is None:
            return {}
        try:
            answer = function(value, *self.arguments)
        except (ValidationError, InvalidPayloadError, ValueError) as error:
            return _told(error)
        except Exception as error:
            if not hasattr(error, "get_full_details"):
                detail = _("The validation %(name)s failed: %(kind)s. Nothing was done.")
                said = {"name": self.validation.name, "kind": type(error).__name__}
                logger.exception("The validation %s failed.", self.validation.name)
                raise ActionError(detail % said, code="validation_failed") from error
            return _told(error)
        if answer is False:
            return {NON_FIELD_ERRORS: [_("Is not valid (%(name)s).") % {"name": self.validation.name}]}
        return {}


class WholeCheck:
    """A validation of a whole payload, as `Process.validations` has them."""

    def __init__(self, check: Check) -> None:
        self._check = check
        self.name = check.validation.name

    def __call__(self, payload: Mapping[str, Any]) -> None:
        """Check it.

        Raises:
            InvalidPayloadError: It is refused.
        """
        if errors := self._check.errors(payload):
            raise InvalidPayloadError(errors=errors)


def _told(error: Exception) -> Errors:
    """What an error says, by field. REST framework's errors are told by their `detail`, without importing it."""
    if isinstance(error, InvalidPayloadError) and error.errors:
        return error.errors
    if isinstance(error, ValidationError):
        return dict(error.message_dict) if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: list(error.messages)}
    detail = getattr(error, "detail", None)
    if isinstance(detail, Mapping):
        return {str(key): _sentences(each) for key, each in detail.items()}
    return {NON_FIELD_ERRORS: _sentences(detail if detail is not None else str(error))}


def _sentences(detail: Any) -> list[str]:
    return [str(each) for each in detail] if isinstance(detail, list | tuple) else [str(detail)]
