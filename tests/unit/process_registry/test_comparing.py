"""What is different between two versions, and what equal definitions have in common."""

from __future__ import annotations

from typing import Any

import pytest

from actions.process_registry.comparing import differences, text_diff
from actions.process_registry.documents import MAX_DEPTH, fingerprint, kind_of, name_of, unstorable


def found(before: Any, after: Any) -> list[tuple[Any, ...]]:
    return [(each.path, each.change, each.before, each.after) for each in differences(before, after)]


def test_equal_definitions_have_no_differences() -> None:
    definition = {"exec": "/x", "argv": [1, {"a": None}]}
    assert found(definition, {"argv": [1, {"a": None}], "exec": "/x"}) == []


def test_each_value_is_named_by_the_way_to_it() -> None:
    before = {"a": {"b": [1, 2, 3]}, "gone": 1, "kind": {"x": 1}}
    after = {"a": {"b": [1, 5]}, "new": None, "kind": [1]}
    assert found(before, after) == [
        (("a", "b", 1), "changed", 2, 5),
        (("a", "b", 2), "removed", 3, None),
        (("gone",), "removed", 1, None),
        (("kind",), "changed", {"x": 1}, [1]),
        (("new",), "added", None, None),
    ]


@pytest.mark.parametrize(("before", "after"), [(True, 1), (1, 1.0), (0, False), ("1", 1)])
def test_what_is_equal_in_python_alone_is_a_difference(before: Any, after: Any) -> None:
    assert found({"a": before}, {"a": after}) == [(("a",), "changed", before, after)]


def test_texts_are_compared_by_lines() -> None:
    assert text_diff("a\nb\n", "a\nc\n", ("1", "2")).splitlines() == [
        "--- 1",
        "+++ 2",
        "@@ -1,2 +1,2 @@",
        " a",
        "-b",
        "+c",
    ]
    assert text_diff("a\n", "a\n", ("1", "2")) == ""


def test_a_fingerprint_knows_no_order_of_keys_but_comments() -> None:
    one = fingerprint({"a": 1, "b": [1, 2]})
    assert one == fingerprint({"b": [1, 2], "a": 1})
    assert len({one, fingerprint({"a": 1, "b": [2, 1]}), fingerprint({"a": 1, "b": [1, 2]}, "# a")}) == 3
    assert len(one) == 64


@pytest.mark.parametrize(
    ("definition", "kind"),
    [
        ({"exec": "/x"}, "executable"),
        ({"exec": "/x", "tasks": []}, "executable"),
        ({"name": "a", "tasks": []}, "process"),
        ({"tasks_scheduled": []}, "process"),
        ({"argv": []}, "executable"),
        ({"name": "a"}, None),
        ({}, None),
    ],
)
def test_a_definition_is_known_by_its_keys(definition: dict[str, Any], kind: str | None) -> None:
    assert kind_of(definition) == kind


@pytest.mark.parametrize(
    ("definition", "name"),
    [
        ({"exec": "/usr/bin/tr"}, "tr"),
        ({"exec": "/usr/bin/tr", "process_name": "swap"}, "swap"),
        ({"name": "a\x00b\n", "process_name": "c"}, "ab"),
        ({"name": ["x"], "exec": 5}, ""),
        ({"name": "n" * 300}, "n" * 200),
    ],
)
def test_a_definition_has_a_name(definition: dict[str, Any], name: str) -> None:
    assert name_of(definition) == name


def test_what_cannot_be_kept_is_known_before_it_is_written() -> None:
    deep: Any = []
    for _ in range(5000):
        deep = [deep]
    assert str(MAX_DEPTH) in unstorable({"a": deep})
    assert "number" in unstorable({"a": [1e400]})
    assert "larger" in unstorable({"a": "x" * 2_000_000})
    assert unstorable({"a": ["\x00", "\ud800", 10**30, 1.5]}) == ""


def test_texts_whose_lines_come_again_and_again_do_not_keep_a_server_for_hours() -> None:
    """Twice as many take difflib eight times as long: 8,000 lines nine seconds."""
    before = [f"- {index % 150}" for index in range(40_000)]
    after = [f"- {index * 7 % 150}" for index in range(40_000)]
    lines = text_diff("\n".join(before), "\n".join(after), ("version 1", "version 2")).splitlines()
    # They begin with "- 0", and end with nothing that is alike.
    assert lines[:3] == ["--- version 1", "+++ version 2", "@@ -2,39999 +2,39999 @@"]
    assert lines[3:] == [*(f"-{line}" for line in before[1:]), *(f"+{line}" for line in after[1:])]


def test_a_line_in_a_long_text_is_shown_alone() -> None:
    before = [f"- {index % 150}" for index in range(40_000)]
    after = [*before[:20_000], "new", *before[20_000:]]
    lines = text_diff("\n".join(before), "\n".join(after), ("1", "2")).splitlines()
    assert [line for line in lines[2:] if not line.startswith(" ")][-1] == "+new"
    assert len(lines) < 12
