"""Models of pydantic 1, also as pydantic 2 has them under `pydantic.v1`."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.datastructures import MultiValueDict

from actions.exceptions import InvalidPayloadError
from actions.payloads import dotted, screen, screen_values

MODULES = ("pydantic.v1", "pydantic")


def is_pydantic_1_model(value: Any) -> bool:
    """Whether the value is a class of a model of pydantic 1. Asks nobody to have pydantic installed."""
    return isinstance(value, type) and any(issubclass(value, base) for base in _bases())


def _bases() -> Iterator[type]:
    for name in MODULES:
        module = sys.modules.get(name)
        # The version of `pydantic` itself; `pydantic.v1` has its own.
        if module is not None and str(getattr(module, "VERSION", "")).startswith("1."):
            yield module.BaseModel


class Pydantic1Payload:
    """A payload that a model of pydantic 1 describes. What it does not declare is as its `Config.extra` says."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def validate(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """See `actions.payloads.Payload`."""
        screen(data)
        given = data.dict() if isinstance(data, MultiValueDict) else dict(data)
        try:
            values: dict[str, Any] = self.model.parse_obj(given).dict()
        except ValueError as error:
            # Its ValidationError is one, and has them all.
            raise InvalidPayloadError(errors=_errors(error)) from None
        screen_values(values)
        return values

    def json_schema(self) -> dict[str, Any]:
        """See `actions.payloads.Payload`."""
        text = json.dumps(self.model.schema(ref_template="#/$defs/{model}"), default=str)
        schema: dict[str, Any] = json.loads(text)
        if "definitions" in schema:
            schema["$defs"] = schema.pop("definitions")
        return schema


def _errors(error: Any) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    for details in error.errors():
        place = details["loc"]
        errors.setdefault(dotted(() if place == ("__root__",) else place), []).append(f"{details['msg'].capitalize()}.")
    return errors
