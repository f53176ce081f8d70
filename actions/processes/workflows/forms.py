"""What jobs take and steps ask for, as one of the package's adapters: pydantic 1 and 2, Django, DRF, JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.module_loading import import_string

from actions.payloads import Payload, PydanticPayload, SchemaPayload, check_schema, is_pydantic_model

from .pydantic_1 import Pydantic1Payload, is_pydantic_1_model

NOTHING: Mapping[str, Any] = {"type": "object", "properties": {}, "additionalProperties": False}


def payload_of(declared: Any) -> Payload:
    """The adapter of what a class says.

    Raises:
        TypeError: It is none of these.
        ImportError: It is a path that leads nowhere.
        ValueError: It is a JSON Schema that is wrong.
    """
    if isinstance(declared, str):
        declared = import_string(declared)
    if declared is None:
        return SchemaPayload(NOTHING)
    if isinstance(declared, Mapping):
        problems = list(check_schema(declared))
        if problems:
            raise ValueError("; ".join(map(str, problems)))
        return SchemaPayload(declared)
    if is_pydantic_model(declared):
        return PydanticPayload(declared)
    if is_pydantic_1_model(declared):
        return Pydantic1Payload(declared)
    return _of_django(declared)


def _of_django(declared: Any) -> Payload:
    from django.forms import BaseForm
    from rest_framework.serializers import BaseSerializer

    from actions.django_payloads import FormPayload, SerializerPayload

    if isinstance(declared, type) and issubclass(declared, BaseForm):
        return FormPayload(declared)  # type: ignore[arg-type]
    if isinstance(declared, type) and issubclass(declared, BaseSerializer):
        return SerializerPayload(declared)
    raise TypeError(f"{declared!r} is no pydantic model, form, serializer or JSON Schema")
