"""What is written on the nodes and arrows of a picture."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.processes.diagram.texts import (
    TIMES,
    badges,
    columns,
    duration,
    expression_text,
    label_lines,
    plain,
    short_count,
    shorten,
    subtitle,
    text_width,
    wrap,
)
from actions.processes.expressions import Expression, call, condition, literal, path, text
from actions.processes.graph import Edge, Kind, Node, Schedule, Who
from actions.processes.policies import Policy, Retry

from .diagrams import node, task


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 s"), (0.5, "0.5 s"), (90, "1 min 30 s"), (5400, "1 h 30 min"), (432000, "5 d"), (86401, "1 d 1 s")],
)
def test_a_duration_is_written_for_people(seconds: float, written: str):
    assert duration(seconds) == written


@pytest.mark.parametrize(
    ("expression", "written"),
    [
        (literal("five"), "five"),
        (literal([1, None]), "[1, null]"),
        (path("payload.user"), "payload.user"),
        (text("Hello {{ payload.name }}"), "Hello {{ payload.name }}"),
        (condition("payload.total > 100"), "payload.total > 100"),
        (call("is_due"), "is_due()"),
        ({"list": [literal(1), path("state.a")]}, "[1, state.a]"),
        ({"map": {"key": literal(True)}}, "{key: true}"),
    ],
)
def test_an_expression_is_written_for_people(expression: Expression, written: str):
    assert expression_text(expression) == written


@pytest.mark.parametrize(
    ("policy", "written"),
    [
        (Policy(), ()),
        (Policy(retry=Retry(3)), (f"retry 3{TIMES}",)),
        (Policy(timeout_seconds=30), ("timeout 30 s",)),
        (Policy(skip_if=(condition("a"), condition("b"))), ("skip if a", "skip if b")),
        (Policy(skip_after=literal(3600)), ("skip after 1 h",)),
        (Policy(wait_until=path("payload.date")), ("waits until payload.date",)),
        (Policy(wait_for=path("payload.pause")), ("waits payload.pause",)),
        (Policy(as_soon_as=(call("ready"),)), ("as soon as ready()",)),
        (Policy(ignore_errors=True, in_background=True), ("ignores errors", "in background")),
        (Policy(compensate="undo"), ("taken back by undo",)),
    ],
)
def test_a_policy_is_said_in_short(policy: Policy, written: tuple[str, ...]):
    assert badges(task("a", policy=policy)) == written


def test_who_may_answer_is_said():
    who = Who(users=(literal("ada"),), groups=(literal("a"), literal("b")), permissions=("app.can",))
    assert badges(node(Kind.INPUT, "ask", who=who)) == ("user ada", "group a, b", "may app.can")


def test_filters_of_who_may_answer_are_said():
    who = Who(user_filter={"is_staff": True}, group_filter={"name__in": ["a", "b"]})
    assert badges(node(Kind.INPUT, "ask", who=who)) == ("user with is_staff = true", 'group with name__in = ["a", "b"]')


@pytest.mark.parametrize(
    ("drawn", "written"),
    [
        (task("say", run="io.say"), "io.say"),
        (task("say", run="say"), ""),
        (node(Kind.REPEAT, "again", schedule=Schedule(86400, "08:30")), "every 1 d at 08:30"),
        (node(Kind.EACH, "all", target=path("payload.items")), "each of payload.items"),
    ],
)
def test_a_node_says_what_it_works_with(drawn: Node, written: str):
    assert subtitle(drawn) == written


def test_an_edge_is_labelled_with_its_name_and_condition():
    edge = Edge("b", "yes", condition("payload.total > 100 && payload.total < 100000"))
    short, full = label_lines(node(Kind.DECISION, "a", edge), edge)
    assert short == ("yes", "payload.total > 100 && payl…")
    assert full == "yes: payload.total > 100 && payload.total < 100000"


def test_the_only_way_on_has_no_label():
    assert label_lines(task("a", "b"), Edge("b")) == ((), "")


def test_the_way_without_a_condition_is_else():
    edge = Edge("b")
    assert label_lines(node(Kind.DECISION, "a", edge), edge)[0] == ("else",)


@given(st.text(), st.integers(2, 40))
def test_a_short_text_is_no_longer_than_asked_for(given_text: str, length: int):
    assert columns(shorten(given_text, length)) <= length


@given(st.text(), st.integers(4, 40), st.integers(1, 3))
def test_a_wrapped_text_keeps_to_its_lines(given_text: str, length: int, lines: int):
    wrapped = wrap(given_text, length, lines)
    assert 1 <= len(wrapped) <= lines
    assert all(columns(line) <= length for line in wrapped)


def test_a_text_is_wrapped_at_spaces_and_punctuation():
    assert wrap("tell everybody about_the_change", 14, 3) == ("tell everybody", "about_the_", "change")


def test_control_characters_and_turned_writing_are_made_visible():
    assert plain("a\x00b\u202ec\ud800d\n e") == "a\ufffdb\ufffdc\ufffdd e"


def test_wide_characters_take_more_room():
    assert text_width("日本", 10) > text_width("ab", 10)
    assert columns("日本") == 4


@pytest.mark.parametrize(("count", "written"), [(7, "7"), (999, "999"), (12_345, "12k"), (3_000_000, "3M")])
def test_large_counts_are_short(count: int, written: str):
    assert short_count(count) == written
