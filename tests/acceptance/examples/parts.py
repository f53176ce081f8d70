"""What a page is made of. Plain texts stand between the parts and are Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .layout import WHOLE, Excerpt


@dataclass(frozen=True, slots=True)
class Curl:
    """A request as a reader types it; its answer follows."""

    line: str
    """What stands behind `curl -i`; HOST is where `make run` serves."""
    keep: Mapping[str, str] = field(default_factory=dict)
    """Shell variables for later lines: `{"PLAN": "plan", "TAG": "0.etag"}`, each a path into the answer's body."""
    shown: Excerpt = WHOLE
    """What of the answer."""


@dataclass(frozen=True, slots=True)
class Manage:
    """A command as a reader types it; what it prints follows."""

    line: str
    """What stands behind `python manage.py`."""


@dataclass(frozen=True, slots=True)
class Python:
    """Statements as they are typed into `manage.py shell`; what they show follows."""

    source: str


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of the project, from here to the end of the page."""

    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Definition:
    """Lines that are added to an action's definition.yaml, from here to the end of the page."""

    action: str
    lines: str


@dataclass(frozen=True, slots=True)
class Clock:
    """Time goes by."""

    seconds: int


Part = str | Curl | Manage | Python | Settings | Definition | Clock


@dataclass(frozen=True, slots=True)
class Page:
    """One page."""

    name: str
    """Of the file, without `.md`."""
    title: str
    about: str
    """One line for the index."""
    parts: tuple[Part, ...]
