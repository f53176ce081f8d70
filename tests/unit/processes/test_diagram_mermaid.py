"""A graph as a Mermaid flowchart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actions.processes.diagram import ON_ERROR, NodeState, mermaid
from actions.processes.diagram.mermaid import escaped
from actions.processes.diagram.texts import TIMES, plain
from actions.processes.graph import Edge, Kind
from actions.processes.states import Status

from .diagrams import NASTY, graph, named, node, order, task

LABEL = r"\"(?:[^\W_]|[ ,()/_\-]|#\d+;|<br/>|</?small>)*\""
SHAPE = rf"(?:\(\(\({LABEL}\)\)\)|\(\({LABEL}\)\)|\(\[{LABEL}\]\)|\({LABEL}\)|\[\[{LABEL}\]\]|\[/{LABEL}\\\]"
SHAPE += rf"|\[\\{LABEL}/\]|\[{LABEL}\]|>{LABEL}\]|\{{\{{{LABEL}\}}\}}|\{{{LABEL}\}})"
STATEMENTS = [
    re.compile(r"flowchart TD"),
    re.compile(r"    accTitle: (?:[^\W_]|[ ,()/_\-]|#\d+;)*"),
    re.compile(rf"    n\d+{SHAPE}(?::::[a-z]+)?"),
    re.compile(rf"    n\d+ (?:-->|==>|-\.->)(?:\|{LABEL}\|)? n\d+"),
    re.compile(r"    classDef [a-z]+ [a-z0-9#:,\- ]+"),
]


SWALLOWED = re.compile(r".*direction\s+(?:TB|BT|RL|LR|TD)")
"""What Mermaid's lexer takes for a statement wherever it stands in a line."""


def is_statement(line: str) -> bool:
    return not SWALLOWED.match(line) and any(statement.fullmatch(line) for statement in STATEMENTS)


def decoded(text: str) -> str:
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), text)


def test_a_process_is_a_flowchart():
    text = mermaid(graph(task("first", "second"), node(Kind.END, "second"), name="short"))
    assert text.splitlines() == [
        "flowchart TD",
        "    accTitle: Process short",
        '    n0(("start")):::mark',
        '    n1["first"]',
        '    n2((("second")))',
        "    n0 --> n1",
        "    n1 --> n2",
        "    classDef mark fill:#30363d,stroke:#30363d,color:#ffffff",
    ]


def test_every_kind_of_node_looks_different():
    text = mermaid(graph(*(node(kind, "x" + kind) for kind in Kind if kind not in {Kind.SPLIT, Kind.JOIN})))
    shapes = {re.sub(r"n\d+|x[a-z]+", "", line) for line in text.splitlines() if re.match(r"    n\d+\S*.*x[a-z]", line)}
    assert len(shapes) == len(Kind) - 2


def test_each_line_of_a_process_is_a_statement():
    assert [line for line in mermaid(order()).splitlines() if not is_statement(line)] == []


def test_ways_for_errors_are_dashed_and_named():
    assert '-.->|"on error"|' in mermaid(order())


def test_conditions_stand_on_their_edges():
    assert '-->|"yes state#46;stock #62; 0"|' in mermaid(order())


def test_a_run_is_marked_and_its_ways_are_thick():
    text = mermaid(
        order(), {"check": NodeState(Status.SUCCEEDED, 3), "in_stock": NodeState(Status.RUNNING, edges=("no",))}
    )
    assert decoded(text).count(f"✓ Check the stock ({TIMES}3)") == 1
    assert "▶ in_stock (now)" in decoded(text)
    assert ":::succeeded" in text
    assert "classDef running" in text
    assert "n1 ==> n2" in text
    assert 'n2 ==>|"no"| n3' in text
    assert 'n2 -->|"yes' in text


def test_a_way_for_errors_that_was_taken_is_marked():
    text = mermaid(order(), {"check": NodeState(Status.FAILED, edges=(ON_ERROR,))})
    assert "on error ✓" in decoded(text)


def test_a_node_that_is_missing_is_shown_as_such():
    assert decoded(mermaid(graph(task("first", "nowhere")))).count('["⁉ nowhere"]:::missing') == 1


@pytest.mark.parametrize("name", NASTY)
def test_no_name_ends_its_label_or_begins_a_statement(name: str):
    text = mermaid(named([name, "other"]), {name: NodeState(Status.RUNNING)})
    assert [line for line in text.splitlines() if not is_statement(line)] == []


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=6))
@settings(deadline=None)
def test_no_text_at_all_does(names: list[str]):
    assert [line for line in mermaid(named(names)).split("\n")[:-1] if not is_statement(line)] == []


@given(st.text())
def test_what_is_escaped_reads_as_before(text: str):
    assert decoded(escaped(text)).replace("\u200b", "") == plain(text).replace("\u200b", "")


@pytest.mark.parametrize("text", ["fa:fa-user", "fab:fa-x", "$$x^2$$", "$$$$"])
def test_neither_an_icon_nor_a_formula_is_made_of_a_text(text: str):
    assert not re.search(r"fa[a-z]?:fa-|\$\$", decoded(escaped(text)))


def test_a_label_without_a_letter_is_none():
    edge = Edge("b", " ")
    assert "n1 --> n2" in mermaid(graph(task("a", edge), task("b")))
