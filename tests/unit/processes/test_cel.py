"""Conditions in CEL: what they reach, what they are limited to, what is said of wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Thread
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest

from actions.exceptions import MissingExtraError
from actions.lookups import LookUpError
from actions.processes import cel
from actions.processes.cel_text import read

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("source", "scope", "expected"),
    [
        ("payload.total > 100", {"payload": {"total": 150}}, True),
        ("payload.total > 100", {"payload": {"total": 99.5}}, False),
        ("payload.name.startsWith('A') && size(payload.name) == 3", {"payload": {"name": "Ada"}}, True),
        ("payload.items[1].price == 2", {"payload": {"items": [{"price": 1}, {"price": 2}]}}, True),
        ("payload.items.exists(x, x.price > 1)", {"payload": {"items": [{"price": 2}]}}, True),
        ("'a' in payload.tags", {"payload": {"tags": ["a"]}}, True),
        ("has(payload.note)", {"payload": {}}, False),
        ("has(payload.note) && payload.note != ''", {"payload": {"note": "x"}}, True),
        ("state.user == null", {"state": {"user": None}}, True),
        ("payload.a ? 'yes' : 'no'", {"payload": {"a": True}}, "yes"),
        ("item > 1", {"item": 2}, True),
        ("payload['a-b'] == 1", {"payload": {"a-b": 1}}, True),
        ("truth(payload.a)", {"payload": {"a": []}}, False),
        ("payload.total == 1.5", {"payload": {"total": Decimal("1.5")}}, True),
        ("payload.on == '2026-11-30'", {"payload": {"on": date(2026, 11, 30)}}, True),
        ("payload.id == '00000000-0000-0000-0000-000000000001'", {"payload": {"id": UUID(int=1)}}, True),
        ("payload.text == 'payload.secret'", {"payload": {"text": "payload.secret"}}, True),
    ],
)
def test_a_condition_has_a_value(source: str, scope: Mapping[str, Any], expected: Any) -> None:
    assert cel.evaluate(source, scope) == expected


@pytest.mark.parametrize(
    "value", ["2026-01-01T00:00:00Z", "2026-01-01", date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)]
)
def test_a_moment_is_calculated_from_texts_and_datetimes(value: Any) -> None:
    found = cel.evaluate("moment(state.user.at) + duration('432000s')", {"state": {"user": {"at": value}}})
    assert found == datetime(2026, 1, 6, tzinfo=UTC)


def test_what_is_no_moment_is_told() -> None:
    with pytest.raises(cel.ConditionError, match="is no moment; expected a datetime or an ISO text"):
        cel.evaluate("moment(payload.at)", {"payload": {"at": "soon"}})
    with pytest.raises(ValueError, match="5 is no moment"):
        cel.moment(5)


def test_only_what_a_condition_names_is_looked_up() -> None:
    looked: list[str] = []

    def look(path: str, scope: Mapping[str, Any]) -> Any:
        looked.append(path)
        return {"payload": {}, "payload.a": 1}[path]

    cel.evaluate("payload.a == 1", {}, look=look)
    assert looked == ["payload", "payload.a"]


def test_of_an_instance_of_a_model_a_condition_gets_fields() -> None:
    user = SimpleNamespace(pk=7)
    values = {"state": {}, "state.user": user, "state.user.name": "Ada"}
    assert cel.evaluate("state.user.name == 'Ada'", {}, look=lambda path, _scope: values[path]) is True
    assert (
        cel.evaluate("state.user.pk == 7", {}, look=lambda path, _scope: {**values, "state.user.pk": 7}[path]) is True
    )
    assert cel.evaluate("state.user", {}, look=lambda path, _scope: values[path]) == {"pk": 7}


@pytest.mark.parametrize(
    ("source", "message", "line", "column"),
    [
        ("payload.a >", "it ends too early.", 1, 12),
        ("payload.a ==\n  1 1", "", 2, 5),
        ("paylod.a == 1", 'there is no "paylod"; did you mean "payload"?', 1, 1),
        ("true &&\n  user.a", 'there is no "user"', 2, 3),
        ("sizee(payload.a) > 1", 'there is no function "sizee"; did you mean "size"?', 1, 1),
        ("payload.a.lower()", 'there is no function "lower"', 1, 11),
        ("", "it ends too early.", 1, 1),
    ],
)
def test_a_wrong_condition_is_found_before_it_is_evaluated(source: str, message: str, line: int, column: int) -> None:
    with pytest.raises(cel.ConditionError) as caught:
        cel.compile(source)
    assert message in caught.value.message
    assert (caught.value.line, caught.value.column) == (line, column)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("payload.a == '" + "x" * 2000 + "'", "it is longer than 2000 characters."),
        ("(" * 33 + "1" + ")" * 33, "more than 32 brackets stand inside one another."),
        ("payload.a.all(x, x.all(y, y.all(z, z)))", "more than 2 of all,"),
    ],
)
def test_a_condition_is_limited(source: str, message: str) -> None:
    with pytest.raises(cel.ConditionError) as caught:
        cel.compile(source)
    assert message in caught.value.message


def test_loops_within_loops_go_over_short_lists_only() -> None:
    source = "payload.a.all(x, payload.a.all(y, x == y))"
    assert cel.evaluate(source, {"payload": {"a": [1] * 100}}) is True
    with pytest.raises(cel.ConditionError, match="a list of 2000 items is too long"):
        cel.evaluate(source, {"payload": {"a": [1] * 2000}})


@pytest.mark.parametrize(
    ("source", "scope", "path"),
    [
        ("payload.note == 'x'", {"payload": {}}, "payload.note"),
        ("state.user.name == 'x'", {"state": {}}, "state.user.name"),
        ("item > 1", {"payload": {}}, "item"),
    ],
)
def test_what_is_not_there_is_named(source: str, scope: Mapping[str, Any], path: str) -> None:
    with pytest.raises(LookUpError) as caught:
        cel.evaluate(source, scope)
    assert caught.value.path == path


@pytest.mark.parametrize(
    ("source", "payload"),
    [
        ("payload.a > 1", {"a": "x"}),
        ("payload.a.b == 1", {"a": 1}),
        ("1 / payload.a == 1", {"a": 0}),
        ("!payload.a", {"a": 1}),
    ],
)
def test_values_that_do_not_fit_are_an_error_of_the_condition(source: str, payload: Any) -> None:
    with pytest.raises(cel.ConditionError):
        cel.evaluate(source, {"payload": payload})


def test_attributes_and_methods_of_python_are_out_of_reach() -> None:
    with pytest.raises(LookUpError):
        cel.evaluate("payload.__class__ == 'x'", {"payload": {}})
    with pytest.raises(cel.ConditionError):
        cel.compile("payload.name.format(1)")


def test_a_pattern_takes_linear_time() -> None:
    assert cel.evaluate("payload.a.matches('^(a+)+$')", {"payload": {"a": "a" * 5000 + "b"}}) is False


def test_a_condition_is_compiled_once() -> None:
    assert cel.compile("payload.once == 1") is cel.compile("payload.once == 1")


def test_a_condition_is_evaluated_by_several_threads() -> None:
    found: list[Any] = []
    threads = [
        Thread(target=lambda: found.append(cel.evaluate("payload.a == 1", {"payload": {"a": 1}}))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 4


def test_without_the_library_it_is_said_what_to_install() -> None:
    with patch.dict("sys.modules", {"cel": None}), pytest.raises(MissingExtraError, match=r"dj-actions\[processes\]"):
        cel.compile("payload.not_cached == 1")


def test_a_duration_is_a_timedelta() -> None:
    assert cel.evaluate("duration('90s')", {}) == timedelta(seconds=90)


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("payload.a.b > 1", ["payload.a.b"]),
        ("'payload.x' == state.y", ["state.y"]),
        ("payload.items.map(x, x.a)", ["payload.items", "x", "x.a"]),
        ("payload.items[0].name", ["payload.items"]),
        ("size(payload . a)", ["payload.a"]),
        ("true // payload.comment", []),
        ('"""a "quoted" payload.x""" == item', ["item"]),
        ("1.5e3 < payload.a", ["payload.a"]),
    ],
)
def test_the_paths_of_a_condition_are_read_from_its_text(source: str, paths: list[str]) -> None:
    assert [chain.path for chain in read(source).chains] == paths
