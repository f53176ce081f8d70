"""Where definitions of programs are kept by name or number: whoever keeps them says so here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .exceptions import UnknownProgramError

Find = Callable[[int | str, Any], Mapping[str, Any]]
"""Gets a number or name and the user who wants to run it; answers the definition, or raises UnknownProgramError."""

_find: Find | None = None


def register(find: Find) -> None:
    """Have definitions be found there."""
    global _find  # noqa: PLW0603 - said once, when the project starts
    _find = find


def find(key: int | str, actor: Any) -> Mapping[str, Any]:
    """The definition of that number or name.

    Raises:
        UnknownProgramError: There is none for this user, or nothing keeps any.
    """
    if _find is None:
        raise UnknownProgramError
    return _find(key, actor)
