"""Texts become dates, times, durations, UUIDs and decimals, or are refused: nothing in between."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import override_settings
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from actions.payloads.formats import CHECKS, FILE_MARK, PARSERS, as_text

GOOD: list[tuple[str, str, Any]] = [
    ("date", "2026-11-30", dt.date(2026, 11, 30)),
    ("date", "0001-01-01", dt.date(1, 1, 1)),
    ("date-time", "2026-11-30T14:30:00Z", dt.datetime(2026, 11, 30, 14, 30, tzinfo=dt.UTC)),
    ("date-time", "2026-11-30t14:30:00z", dt.datetime(2026, 11, 30, 14, 30, tzinfo=dt.UTC)),
    ("date-time", "2026-11-30 14:30+00:00", dt.datetime(2026, 11, 30, 14, 30, tzinfo=dt.UTC)),
    ("date-time", "2026-11-30T14:30:00.123456789Z", dt.datetime(2026, 11, 30, 14, 30, 0, 123456, tzinfo=dt.UTC)),
    ("time", "14:30", dt.time(14, 30)),
    ("time", "14:30:05.5", dt.time(14, 30, 5, 500000)),
    ("time", "14:30:00+02:00", dt.time(14, 30)),
    ("duration", "PT1H30M", dt.timedelta(minutes=90)),
    ("duration", "P2W", dt.timedelta(weeks=2)),
    ("duration", "-P1DT12H", dt.timedelta(days=-1, hours=-12)),
    ("duration", "1 02:00:00", dt.timedelta(days=1, hours=2)),
    ("uuid", "123e4567-e89b-12d3-a456-426614174000", UUID("123e4567-e89b-12d3-a456-426614174000")),
    ("uuid", "123E4567E89B12D3A456426614174000", UUID("123e4567-e89b-12d3-a456-426614174000")),
    ("decimal", "12.50", Decimal("12.50")),
    ("decimal", "-.5", Decimal("-0.5")),
    ("decimal", "1e3", Decimal(1000)),
]
BAD: dict[str, list[str]] = {
    "date": [
        "",
        "20261130",
        "2026-W48-1",
        "2026-02-30",
        "2026-11-30T00:00",
        "30.11.2026",
        "\u0662\u0660\u0662\u0666-11-30",
        " 2026-11-30",
    ],
    "date-time": [
        "2026-11-30",
        "2026-11-30T",
        "2026-11-30T25:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-11-30_14:30",
    ],
    "time": ["", "14", "24:01", "14:30:00 Uhr", "1430"],
    "duration": ["", "P", "PT", "P1DT", "P1Y", "P1M", "soon", "P999999999999D", "P" + "9" * 400 + "D"],
    "uuid": ["", "123", "{123e4567-e89b-12d3-a456-426614174000}", "123e4567-e89b12d3-a456-426614174000"],
    "decimal": ["", "NaN", "Infinity", "1_000", "1,5", "1e999", "1e9999999", "9" * 200, "\u0663"],
}


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_text_is_read(name: str, text: str, value: Any) -> None:
    assert PARSERS[name](text) == value
    assert CHECKS[name](text)


@pytest.mark.parametrize(("name", "text"), [(name, text) for name, texts in BAD.items() for text in texts])
def test_any_other_text_is_refused(name: str, text: str) -> None:
    assert not CHECKS[name](text)
    with pytest.raises(ValueError, match=r".*"):
        PARSERS[name](text)


@pytest.mark.parametrize("name", PARSERS)
def test_no_text_brings_anything_but_a_value_error(name: str) -> None:
    @given(st.text() | st.from_regex(r"[-+PTZ0-9:.YMWDHSe ]{0,30}", fullmatch=True))
    def check(text: str) -> None:
        assert CHECKS[name](text) in (True, False)

    check()


@pytest.mark.parametrize(("name", "text", "value"), GOOD)
def test_a_value_is_written_so_that_it_is_read_again(name: str, text: str, value: Any) -> None:
    assert PARSERS[name](as_text(value) or "") == value


def test_a_time_without_offset_is_in_the_current_zone() -> None:
    with timezone.override("America/New_York"):
        moment = PARSERS["date-time"]("2026-11-30T14:30")

    assert moment == dt.datetime(2026, 11, 30, 19, 30, tzinfo=dt.UTC)


@override_settings(USE_TZ=False, TIME_ZONE="America/New_York")
def test_without_time_zones_moments_are_naive_in_the_project_s_zone() -> None:
    assert PARSERS["date-time"]("2026-11-30T19:30:00Z") == dt.datetime(2026, 11, 30, 14, 30)  # noqa: DTZ001


def test_only_a_mark_is_a_file() -> None:
    assert CHECKS["binary"](f"{FILE_MARK}0")
    assert not CHECKS["binary"]("file:0")
