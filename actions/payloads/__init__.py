"""What an action takes: one protocol, and an adapter for each way to declare it that needs no database.

The adapters for DRF's serializers and Django's forms stand in `actions.django_payloads`, a layer above.
"""

from .base import IGNORED_FORM_FIELDS, Payload
from .pydantic_model import PydanticPayload, is_pydantic_model
from .schema import SchemaPayload
from .schema_check import check_schema
from .screening import MAX_DEPTH, dotted, screen, screen_values
from .signature import SignaturePayload

__all__ = [
    "IGNORED_FORM_FIELDS",
    "MAX_DEPTH",
    "Payload",
    "PydanticPayload",
    "SchemaPayload",
    "SignaturePayload",
    "check_schema",
    "dotted",
    "is_pydantic_model",
    "screen",
    "screen_values",
]
