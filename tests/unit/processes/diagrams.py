"""Graphs to draw."""

from __future__ import annotations

from collections.abc import Iterable

from actions.processes.expressions import condition, literal
from actions.processes.graph import BODY, Edge, Graph, Kind, Node, Schedule, Who
from actions.processes.policies import Policy, Retry


def graph(*nodes: Node, name: str = "drawn") -> Graph:
    """A graph that starts at the first node."""
    return Graph(name=name, start=nodes[0].name, nodes={node.name: node for node in nodes})


def task(name: str, *edges: str | Edge, **fields: object) -> Node:
    return node(Kind.TASK, name, *edges, **fields)


def node(kind: Kind, name: str, *edges: str | Edge, **fields: object) -> Node:
    ways = tuple(Edge(edge) if isinstance(edge, str) else edge for edge in edges)
    return Node(name, kind, ways, **fields)


def chain(length: int, **fields: object) -> Graph:
    """Tasks one after the other."""
    return graph(*(task(f"t{at}", *([f"t{at + 1}"] if at < length - 1 else []), **fields) for at in range(length)))


def fan(branches: int) -> Graph:
    """A split into branches, and their join."""
    names = [f"b{at}" for at in range(branches)]
    split = node(Kind.SPLIT, "split", *(Edge(name, name) for name in names), join="join")
    return graph(split, *(task(name, "join") for name in names), node(Kind.JOIN, "join"))


def order() -> Graph:
    """Every kind of node, a loop, a decision and a way for errors."""
    return graph(
        task("check", "in_stock", title="Check the stock", policy=Policy(retry=Retry(5), on_error="failed")),
        node(
            Kind.DECISION,
            "in_stock",
            Edge("approve", "yes", condition("state.stock > 0")),
            Edge("order", "no"),
        ),
        node(Kind.SEND, "order", "arrived", run="goods.order", is_broadcast=True),
        node(Kind.RECEIVE, "arrived", "again", run="goods.arrived", policy=Policy(timeout_seconds=86400)),
        node(Kind.REPEAT, "again", "check", schedule=Schedule(86400, "08:30")),
        node(Kind.INPUT, "approve", "fan", run="Approval", who=Who(groups=(literal("approvers"),))),
        node(Kind.SPLIT, "fan", Edge("pack", "pack"), Edge("pay", "pay"), join="both"),
        node(Kind.EACH, "pack", Edge("box", BODY), join="packed", at_once=2, target={"path": "payload.items"}),
        task("box", "packed"),
        node(Kind.JOIN, "packed", "both"),
        node(Kind.ACTION, "pay", "both", run="order:pay", policy=Policy(compensate="undo")),
        node(Kind.JOIN, "both", "later"),
        node(Kind.WAIT, "later", "ship", policy=Policy(wait_for=literal(5400))),
        node(Kind.PROCESS, "ship", "done", run="shipping", is_detached=True),
        node(Kind.END, "done"),
        task("failed", run="mail.tell_support"),
        name="order",
    )


def named(names: Iterable[str]) -> Graph:
    """A chain of nodes of all kinds, with a name as everything that can hold a text."""
    texts = list(dict.fromkeys(names))
    kinds = list(Kind)
    return graph(
        *(
            node(
                kinds[at % len(kinds)],
                text,
                *([Edge(texts[at + 1], text, condition(text))] if at + 1 < len(texts) else []),
                title=text if at % 2 else "",
                description=text,
                run=text,
                policy=Policy(compensate=text, skip_if=(condition(text),), on_error=text),
            )
            for at, text in enumerate(texts)
        ),
        name=texts[0],
    )


NASTY = (
    "end",
    'a "quoted" name',
    "<script>alert(1)</script>",
    "x];y",
    "#35; & &amp; &#x3c;",
    "%%{init: {}}%%",
    "two\nlines\r\tand \x00 \x1b more",
    "\u202eturned around",
    '"`markdown` **bold**"',
    "1. one",
    "- item",
    "style a:#b;",
    "classDef x:#1;",
    "subgraph",
    'click n0 "javascript:alert(1)"',
    "fa:fa-user",
    "]]>-->|x|",
    "{{ payload }}",
    "\ud800 lone",
    "日本語のとても長い名前",
    "x" * 500,
    "www.example.com",
    "$$x_2$$",
    "direction TB",
    "my direction  LR",
    "\ufb02\u00b0\u00b034\u00b6\u00df",
    " ",
)
