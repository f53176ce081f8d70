"""Expressions: what they are, and how their values are found."""

from __future__ import annotations

from typing import Any

import pytest

from actions.lookups import look_up
from actions.processes import expressions
from actions.processes.arguments import is_left_out
from actions.processes.expressions import call, evaluate, is_expression, literal, parts, path, text
from actions.processes.graph import Graph

pytestmark = pytest.mark.once

SCOPE = {"payload": {"name": "Ada", "template": "{{ payload.secret }}", "path": "payload.secret", "secret": "x"}}


def _look(tag: str, content: Any) -> Any:
    assert tag == "path"
    return look_up(content, SCOPE)


def test_a_literal_is_itself_even_if_it_looks_like_an_expression() -> None:
    assert evaluate(literal({"path": "payload.name"}), _look) == {"path": "payload.name"}


def test_lists_and_mappings_hold_expressions() -> None:
    tree = {"list": [path("payload.name"), {"map": {"a": literal(1)}}]}
    assert evaluate(tree, _look) == ["Ada", {"a": 1}]


@pytest.mark.parametrize("key", ["template", "path"])
def test_what_a_look_up_finds_is_never_read_as_an_expression(key: str) -> None:
    assert evaluate(path(f"payload.{key}"), _look) == SCOPE["payload"][key]


def test_what_is_no_value_yet_is_asked_for() -> None:
    asked: list[tuple[str, Any]] = []
    for expression in (path("a"), text("b"), expressions.condition("c"), call("d")):
        evaluate(expression, lambda tag, content: asked.append((tag, content)))
    assert asked == [("path", "a"), ("text", "b"), ("test", "c"), ("call", "d")]


def test_every_part_of_an_expression_is_told() -> None:
    tree = {"list": [path("a"), {"map": {"b": expressions.condition("c")}}]}
    assert [tag for tag, _content in parts(tree)] == ["list", "path", "map", "test"]


@pytest.mark.parametrize(("value", "expected"), [({"path": "a"}, True), ({"a": 1}, False), ({}, False), ("a", False)])
def test_an_expression_is_known_by_its_tag(value: Any, expected: bool) -> None:
    assert is_expression(value) is expected


SCHEMA = {"type": "object", "properties": {"a": {}, "b": {}}, "required": ["b"]}


@pytest.mark.parametrize(
    ("expression", "payload", "expected"),
    [
        (path("payload.a"), {}, True),
        (path("payload.a.x"), {}, True),
        (path("payload.a"), {"a": None}, False),
        (path("payload.b"), {}, False),
        (path("payload.c"), {}, False),
        (path("payload"), {}, False),
        (path("state.a"), {}, False),
        (text("{{ payload.a }} x"), {}, False),
        (literal(None), {}, False),
    ],
)
def test_an_optional_key_that_was_not_given_leaves_its_argument_out(
    expression: Any, payload: Any, expected: bool
) -> None:
    graph = Graph("test", "end", {}, payload=SCHEMA)
    assert is_left_out(graph, expression, payload) is expected
