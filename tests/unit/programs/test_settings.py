"""Which values the settings of programs can have, and what they mean."""

from __future__ import annotations

from typing import Any

import pytest

from actions.programs.limits import Limits
from actions.programs.setting_values import program_settings


def wrong() -> list[str]:
    return [name for name, is_right, _expected in program_settings() if not is_right]


def test_the_defaults_are_right() -> None:
    assert wrong() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PROGRAMS", "/usr/bin/tr"),
        ("PROGRAMS", ["tr"]),
        ("PROGRAMS", ["/"]),
        ("PROGRAMS", [3]),
        ("PROGRAM_FOLDERS", ["work"]),
        ("PROGRAM_USER", None),
        ("PROGRAM_LIMITS", {"memory": "much"}),
        ("PROGRAM_LIMITS", {"cpus": 1}),
        ("PROGRAM_LIMITS", {"timeout": 0}),
        ("PROGRAM_LIMITS", {"timeout": "60"}),
        ("PROGRAM_LIMITS", {"output": None}),
        ("PROGRAM_LIMITS", ["memory"]),
        ("PROGRAM_NETWORK", "off"),
        ("PROGRAM_SANDBOX", "docker"),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_found(name: str, value: Any, settings: Any) -> None:
    setattr(settings, f"DJACTION_{name}", value)
    assert wrong() == [name]


def test_limits_are_read_as_they_are_written(settings: Any) -> None:
    settings.DJACTION_PROGRAM_LIMITS = {"memory": "1 GB", "cpu": None, "timeout": 10}
    assert wrong() == []
    limits = Limits.from_settings()
    assert (limits.memory, limits.cpu, limits.open_files) == (1024**3, None, 256)
    assert limits.timeout_of(None, is_service=False) == limits.timeout_of(60, is_service=False) == 10
    assert limits.timeout_of(5, is_service=False) == 5
    assert limits.timeout_of(None, is_service=True) is None
