"""Look-ups for the project's own code."""

from __future__ import annotations

from typing import Any

import pytest

from actions.lookups import LookUpError
from actions.processes.util import extract_arguments, recursive_lookup

DATA = {"a": {"b": 1, "none": None, "text": "xyz", "list": [{"c": 2}]}, "n": 0}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("a.b", 1),
        ("n", 0),
        ("a.none", None),
        ("a.list.0.c", 2),
        ("a", DATA["a"]),
        ("b", "default"),
        ("a.c.d", "default"),
        ("a.list.1", "default"),
        ("a.none.x", "default"),
    ],
)
def test_a_path_leads_to_a_value_or_to_the_default(key: str, found: Any) -> None:
    assert recursive_lookup(key, DATA, "default") == found


@pytest.mark.parametrize("key", ["a.text.x", "a.text.0", "a.b.c", "n.x", "a.text.upper"])
def test_a_path_through_a_plain_value_is_a_mistake(key: str) -> None:
    with pytest.raises(LookUpError, match="has no parts"):
        recursive_lookup(key, DATA, "default")


def test_without_a_default_nothing_is_none() -> None:
    assert recursive_lookup("x", {}) is None


def test_no_path_reaches_attributes() -> None:
    assert recursive_lookup("__class__", {}, "default") == "default"
    with pytest.raises(LookUpError):
        recursive_lookup("a.b.real", DATA)


PAYLOAD = {"user": {"name": "Ada", "tags": ["x", "y"]}, "evil": "{{ payload.secret }} payload.secret", "secret": "s"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("payload.user.name", "Ada"),
        ("payload.user.tags.1", "y"),
        ("payload", PAYLOAD),
        ("state.count", 3),
        ("Hello {{ payload.user.name }}, {{state.count}}", "Hello Ada, 3"),
        ("{{ payload.user.tags }}", ["x", "y"]),
        ('{{ "payload.secret" }}', "payload.secret"),
        ("plain", "plain"),
        (5, 5),
        (None, None),
        (["payload.secret", {"deep": "payload.user.name"}, True], ["s", {"deep": "Ada"}, True]),
        ("payload.evil", PAYLOAD["evil"]),
        ("<{{ payload.evil }}>", f"<{PAYLOAD['evil']}>"),
    ],
)
def test_arguments_are_what_a_process_file_means(written: Any, value: Any) -> None:
    assert extract_arguments(PAYLOAD, {"it": written}, state={"count": 3}) == {"it": value}


@pytest.mark.parametrize("written", ["payload.nothing", "Hello {{ payload.nothing }}", "{{ payload. }}", "item.x"])
def test_an_argument_that_leads_nowhere_is_a_mistake(written: str) -> None:
    with pytest.raises(LookUpError):
        extract_arguments(PAYLOAD, {"it": written})
