"""A column for JSON that is kept as it was sent."""

from __future__ import annotations

import json
from typing import Any

from django.db import models


class VerbatimJSONField(models.TextField):  # type: ignore[type-arg]
    """A JSON object whose keys stay in their order, at any depth, with any character.

    Django's JSONField does not promise that: PostgreSQL orders keys anew and refuses NUL, and MariaDB refuses what is
    nested 32 levels deep. Nothing here is ever looked for inside of a document.
    """

    def from_db_value(self, value: str | None, *_args: Any) -> Any:
        """The document."""
        return None if value is None else json.loads(value)

    def to_python(self, value: Any) -> Any:
        """The document, as fixtures have it."""
        return json.loads(value) if isinstance(value, str) else value

    def get_prep_value(self, value: Any) -> str | None:
        """Its text, in ASCII: that every database takes."""
        return None if value is None else json.dumps(value, allow_nan=False)

    def value_to_string(self, obj: models.Model) -> str:
        """Its text, for fixtures."""
        return self.get_prep_value(self.value_from_object(obj)) or ""
