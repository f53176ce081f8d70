"""How much a program may use: DJACTION_PROGRAM_LIMITS and the defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import inf
from typing import Any

from actions.conf import conf

from .sizes import parse_size

SIZES = ("memory", "file_size", "output", "input")


@dataclass(frozen=True, slots=True)
class Limits:
    """What each is for says the setting. None: no limit."""

    cpu: float | None = 3600
    memory: int | None = 4 * 1024**3
    processes: int | None = 256
    file_size: int | None = 8 * 1024**3
    open_files: int | None = 256
    timeout: float | None = 3600
    grace: float = 5
    output: int = 1024**2
    input: int = 4 * 1024**2

    @classmethod
    def from_settings(cls) -> Limits:
        """Those of the project."""
        given: Mapping[str, Any] = conf.PROGRAM_LIMITS
        return cls(**{name: _value(name, value) for name, value in given.items()})

    def timeout_of(self, wanted: float | None, *, is_service: bool) -> float | None:
        """Seconds after which a run is ended: what its definition wants, no longer than a single one may take."""
        if is_service or self.timeout is None:
            return wanted
        return self.timeout if wanted is None else min(wanted, self.timeout)

    def for_supervisor(self) -> dict[str, Any]:
        """Those that the system keeps."""
        names = ("cpu", "memory", "processes", "file_size", "open_files")
        return {name: value for name, value in asdict(self).items() if name in names}


LIMITS = tuple(field.name for field in fields(Limits))
NEEDED = ("grace", "output", "input")
"""Those that cannot be None."""


def is_limit(name: Any, value: Any) -> bool:
    """Whether the setting may have it."""
    if name not in LIMITS:
        return False
    if value is None:
        return name not in NEEDED
    try:
        number = _value(name, value)
    except ValueError:
        return False
    return isinstance(number, int | float) and not isinstance(number, bool) and 0 < number < inf


def _value(name: str, value: Any) -> Any:
    return parse_size(value) if name in SIZES and value is not None else value
