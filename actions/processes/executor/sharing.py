"""What a node needs around it: nothing, a transaction that it may share, one of its own, or none at all."""

from __future__ import annotations

from enum import Enum

from actions.processes.graph import Kind, Mode, Node
from actions.processes.states import Waiting

from .actions import is_atomic


class Need(Enum):
    """What is around a node's work."""

    NOTHING = "nothing"
    """It has no effect, and is written whenever something is."""
    SHARED = "shared"
    OWN = "own"
    OUTSIDE = "outside"
    """No transaction."""
    WAIT = "wait"
    """It begins something, and writes that itself: see `waits`."""
    UNDO = "undo"
    """Of a run whose steps are taken back: see `undoing`."""


BY_MODE = {
    None: Need.OWN,
    Mode.DATABASE: Need.OWN,
    Mode.LOCAL: Need.SHARED,
    Mode.PURE: Need.NOTHING,
    Mode.EXTERNAL: Need.OUTSIDE,
}
BY_KIND = {
    Kind.WAIT: Need.NOTHING,
    Kind.JOIN: Need.NOTHING,
    Kind.REPEAT: Need.NOTHING,
    Kind.END: Need.NOTHING,
    Kind.SEND: Need.SHARED,
    Kind.SPLIT: Need.WAIT,
    Kind.EACH: Need.WAIT,
    Kind.PROCESS: Need.WAIT,
    Kind.INPUT: Need.WAIT,
    Kind.RECEIVE: Need.WAIT,
}


def need_of(node: Node, waiting_for: str = "") -> Need:
    """What a node needs, for a run that waits for something there."""
    if node.kind is Kind.TASK:
        return BY_MODE[node.mode]
    if node.kind is Kind.DECISION:
        return BY_MODE[node.mode] if node.run else Need.NOTHING
    if node.kind is Kind.ACTION:
        return Need.OWN if is_atomic(node.run) else Need.OUTSIDE
    if node.kind is Kind.RECEIVE and waiting_for == Waiting.MESSAGE.value:
        return Need.OWN
    return BY_KIND[node.kind]


def is_shareable(node: Node) -> bool:
    """Whether its work is short enough to be done with that of others."""
    return need_of(node) in (Need.NOTHING, Need.SHARED)
