"""Durations as people write them: seconds, "5 minutes", "1h 30m", or {days: 1, hours: 12}."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from actions.processes.constants import is_duration

UNITS: Final[Mapping[str, float]] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
    **dict.fromkeys(("w", "week", "weeks"), 604_800),
}
"""Seconds by each word."""
PERIODS: Final[Mapping[str, int]] = {"seconds": 1, "mins": 60, "hours": 3_600, "days": 86_400, "weeks": 604_800}
"""Seconds by what `schedule` counts."""
EXPECTED: Final = 'a duration: seconds, "5 minutes", "1h 30m" or {days: 1}'
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_WHOLE = re.compile(rf"\s*(?:{_PART.pattern}[\s,]*)+")


def parse_duration(value: Any) -> float:
    """Seconds.

    Raises:
        ValueError: It is no duration, or negative, or longer than a hundred years.
    """
    seconds = _seconds(value)
    if not is_duration(seconds):
        raise ValueError(f"{value!r} is not {EXPECTED}.")
    return float(seconds)  # type: ignore[arg-type]


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value
    if isinstance(value, Mapping):
        return _sum([(count, unit) for unit, count in value.items()])
    if not isinstance(value, str) or len(value) > 100:
        return None
    if re.fullmatch(r"\d+(\.\d+)?", value.strip()):
        return float(value)
    text = value.lower()
    return _sum(_PART.findall(text)) if _WHOLE.fullmatch(text) else None


def _sum(parts: list[tuple[Any, Any]]) -> float | None:
    """The sum of counts with units; None where one of them is no count or no unit."""
    total = 0.0
    for count, unit in parts:
        is_count = isinstance(count, str | int | float) and not isinstance(count, bool)
        if not is_count or unit not in UNITS:
            return None
        total += float(count) * UNITS[unit]
    return total if parts else None
