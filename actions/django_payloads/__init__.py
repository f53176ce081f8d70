"""What an action takes, declared by a DRF serializer or a Django form."""

from .form_payload import FormPayload, form_errors
from .serializer_payload import SerializerPayload, serializer_errors

__all__ = ["FormPayload", "SerializerPayload", "form_errors", "serializer_errors"]
