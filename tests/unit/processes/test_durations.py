"""How durations are written."""

from __future__ import annotations

from typing import Any

import pytest

from actions.processes.authoring.durations import parse_duration

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (5, 5),
        (0.5, 0.5),
        ("5", 5),
        ("90s", 90),
        ("5 minutes", 300),
        ("1h 30m", 5400),
        ("1 day, 12 hours", 129_600),
        ("1.5 weeks", 907_200),
        ({"days": 1, "hours": 2}, 93_600),
    ],
)
def test_a_duration_is_read_as_seconds(value: Any, seconds: float) -> None:
    assert parse_duration(value) == seconds


@pytest.mark.parametrize(
    "value",
    ["", "soon", "5 parsecs", "-5", -1, True, None, [], {}, {"day s": 1}, {"days": True}, "5m x", float("nan"), 10**12],
)
def test_everything_else_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match="is not a duration: seconds"):
        parse_duration(value)


def test_a_long_text_is_refused_quickly() -> None:
    with pytest.raises(ValueError, match="is not"):
        parse_duration("1s " * 10_000 + "x")
