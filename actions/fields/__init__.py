"""Fields for forms and serializers."""

from .available_actions import ActionsField
from .comma_separated import CommaSeparatedCharField, CommaSeparatedInput

__all__ = ["ActionsField", "CommaSeparatedCharField", "CommaSeparatedInput"]
