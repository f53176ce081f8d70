"""What checks payloads: the built-in validations, and those of a project's own `validation/*.py`."""

from .builtin import BUILTIN
from .custom import find_custom, near

__all__ = ["BUILTIN", "find_custom", "near"]
