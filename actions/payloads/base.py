"""The protocol that every declaration of a payload fulfils."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class Payload(Protocol):
    """What an action takes. Nothing above an adapter knows in which way it was declared."""

    def validate(self, data: Mapping[str, Any]) -> dict[str, Any]:
        """The data as the values that the action's function gets, with defaults filled in.

        Args:
            data: A plain mapping holds JSON values and is taken strictly: "5" is a text. A Django `MultiValueDict` is
                a form: every value is a text or an uploaded file and is read as what the field declares.

        Raises:
            InvalidPayloadError: With all errors at once, by dotted path.
        """

    def json_schema(self) -> dict[str, Any]:
        """JSON Schema 2020-12 of the payload, of `type: object`. A copy: the caller may change it."""


IGNORED_FORM_FIELDS = frozenset({"csrfmiddlewaretoken", "_content", "_content_type", "_method"})
"""What HTML forms send besides the fields: Django's token, and what DRF's browsable API adds."""
