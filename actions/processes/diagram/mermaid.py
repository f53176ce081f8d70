"""A graph as the text of a Mermaid flowchart.

Nodes are numbered and texts are quoted, with every character that means something to Mermaid, to Markdown or to HTML
written as its number (`#34;`): a definition's text can neither end a label nor begin a statement. Only the oldest
shapes of Mermaid are used, since what displays the text is often not its newest release.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from actions.processes.graph import Graph, Kind, Node
from actions.processes.states import UNFINISHED, Status

from .outline import Arrow, NodeState, Outline, Role, Spot, heading, outline
from .texts import TIMES, badges, plain, short_count, shorten, subtitle

SHAPES = {
    Kind.TASK: '["{}"]',
    Kind.ACTION: '{{{{"{}"}}}}',
    Kind.DECISION: '{{"{}"}}',
    Kind.SPLIT: '["{}"]',
    Kind.JOIN: '["{}"]',
    Kind.EACH: '[/"{}"\\]',
    Kind.WAIT: '("{}")',
    Kind.INPUT: '[\\"{}"/]',
    Kind.RECEIVE: '>"{}"]',
    Kind.SEND: '>"{}"]',
    Kind.PROCESS: '[["{}"]]',
    Kind.REPEAT: '(["{}"])',
    Kind.END: '((("{}")))',
}
SIGNS = {
    Kind.ACTION: "⚡",
    Kind.EACH: "∀",
    Kind.WAIT: "⏱",
    Kind.INPUT: "👤",
    Kind.RECEIVE: "✉ ←",
    Kind.SEND: "✉ →",
    Kind.REPEAT: "↻",
}
MARKS = {
    Status.PENDING: "○",
    Status.RUNNING: "▶",
    Status.WAITING: "…",
    Status.SUCCEEDED: "✓",
    Status.FAILED: "✗",
    Status.SKIPPED: "»",
    Status.CANCELLED: "⊘",
}
CLASSES = {
    "bar": "fill:#30363d,stroke:#30363d,color:#ffffff",
    "mark": "fill:#30363d,stroke:#30363d,color:#ffffff",
    "missing": "fill:#ffffff,stroke:#cf222e,color:#cf222e,stroke-dasharray:2 3",
    "pending": "fill:#f6f8fa,stroke:#59636e,color:#1f2328,stroke-width:3px,stroke-dasharray:2 2",
    "running": "fill:#ddf4ff,stroke:#0969da,color:#1f2328,stroke-width:4px",
    "waiting": "fill:#fff8c5,stroke:#9a6700,color:#1f2328,stroke-width:4px",
    "succeeded": "fill:#dafbe1,stroke:#1a7f37,color:#1f2328,stroke-width:2px",
    "failed": "fill:#ffebe9,stroke:#cf222e,color:#1f2328,stroke-width:3px",
    "skipped": "fill:#f6f8fa,stroke:#59636e,color:#59636e,stroke-dasharray:6 4",
    "cancelled": "fill:#eaeef2,stroke:#59636e,color:#59636e,stroke-dasharray:1 3",
}
LONGEST_TITLE = 60
LONGEST_DETAIL = 60
REPLACED = re.compile(r"fa[a-z]?:(?=fa-)|\$(?=\$)|\u00b6(?=\u00df)|\ufb02(?=\u00b0)")
"""What Mermaid makes icons, formulas and its own escapes of, even where the characters are written as numbers."""
DIRECTION = re.compile(r"d(?=irection)", re.IGNORECASE)
"""Takes the whole line for a statement where a side follows, even within quotes."""
ZERO_WIDTH_SPACE = "\u200b"
WITHIN_WORDS = re.compile(r"(?<=[0-9A-Za-z])[-_](?=[0-9A-Za-z])")


def mermaid(graph: Graph, done: Mapping[str, NodeState] | None = None) -> str:
    """A graph as a Mermaid flowchart.

    Args:
        graph: What to draw.
        done: How far a run is, by name of node. A thick arrow has been taken.
    """
    picture = outline(graph, done)
    return "\n".join(_lines(graph, picture, done or {})) + "\n"


def escaped(text: str) -> str:
    """A text as it may stand between the quotes of a label."""
    clean = REPLACED.sub(lambda match: match.group() + ZERO_WIDTH_SPACE, plain(text))
    kept = {match.start() for match in WITHIN_WORDS.finditer(clean)}
    kept |= {at for at, each in enumerate(clean) if _is_harmless(each)}
    kept -= {match.start() for match in DIRECTION.finditer(clean)}
    return "".join(each if at in kept else f"#{ord(each)};" for at, each in enumerate(clean))


def _is_harmless(character: str) -> bool:
    return character in " ,()/" or character.isalpha() or (character.isdigit() and character.isascii())


def _lines(graph: Graph, picture: Outline, done: Mapping[str, NodeState]) -> Iterator[str]:
    yield "flowchart TD"
    yield f"    accTitle: {escaped(heading(graph))}"
    used = set()
    for number, spot in enumerate(picture.spots):
        look = _class(spot, done)
        used.add(look)
        yield f"    n{number}{_shape(spot, done)}" + (f":::{look}" if look else "")
    for arrow in picture.arrows:
        yield f"    n{arrow.source} {_line(arrow)} n{arrow.target}"
    for name, style in CLASSES.items():
        if name in used:
            yield f"    classDef {name} {style}"


def _class(spot: Spot, done: Mapping[str, NodeState]) -> str:
    if spot.node is None:
        return "missing" if spot.role is Role.MISSING else "mark"
    if spot.name in done:
        return str(done[spot.name].status)
    return "bar" if spot.node.kind in {Kind.SPLIT, Kind.JOIN} else ""


def _shape(spot: Spot, done: Mapping[str, NodeState]) -> str:
    if spot.role is Role.START:
        return '(("start"))'
    if spot.role is Role.STOP:
        return '((("end")))'
    if spot.node is None:
        return f'["#8265; {escaped(shorten(spot.name, LONGEST_TITLE))}"]'
    return SHAPES[spot.node.kind].format("<br/>".join(_texts(spot.node, done.get(spot.name))))


def _texts(node: Node, state: NodeState | None) -> Iterator[str]:
    title = shorten(node.title or node.name, LONGEST_TITLE)
    signs = [MARKS[state.status]] if state else []
    signs += [SIGNS[node.kind]] if node.kind in SIGNS else []
    passes = [f"({TIMES}{short_count(state.count)})"] if state and state.count > 1 else []
    now = ["(now)"] if state and state.status in UNFINISHED else []
    yield escaped(" ".join([*signs, title, *passes, *now]))
    if detail := subtitle(node):
        yield escaped(shorten(detail, LONGEST_DETAIL))
    if texts := badges(node):
        yield "<small>" + escaped(", ".join(shorten(each) for each in texts)) + "</small>"


def _line(arrow: Arrow) -> str:
    label = " ".join((*arrow.label, "✓") if arrow.is_error and arrow.is_taken else arrow.label)
    head = "-.->" if arrow.is_error else "==>" if arrow.is_taken else "-->"
    return f'{head}|"{escaped(label)}"|' if label else head
