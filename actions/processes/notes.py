"""What a run's `note` has to remember beside what a body says for its next call.

{"$previous": 5}                            what the next step gets as `context.previous`: see `Graph.hands_on`
{"input": {…}, "by": {"id", "name"}}        what was answered, until the step has taken it
{"child": {"type", "detail", "node"}}       the error of the branch that failed
{"again": 5, "$since": "2026-…"}            what a body said for its next call, and when its try began
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

PREVIOUS: Final = "$previous"
INPUT: Final = "input"
BY: Final = "by"
AGAIN: Final = "again"
"""In a run that hands results on: what the body said for its next call. Elsewhere that is the note itself."""
SINCE: Final = "$since"
"""In a run whose step has a time limit: when the try began that asks to be called again."""
_KEPT = (PREVIOUS, INPUT, BY)


def hands_on(note: Any) -> bool:
    """Whether it is of a run that hands results on."""
    return type(note) is dict and PREVIOUS in note


def kept(note: Any) -> dict[str, Any] | None:
    """What of it stays while the run is at the same step, and when that is tried again."""
    return {key: note[key] for key in _KEPT if key in note} if hands_on(note) else None


def noted(note: Any, facts: Mapping[str, Any]) -> dict[str, Any]:
    """It with something more to remember."""
    return {**(kept(note) or {}), **facts}


def after_step(note: Any, result: str | None = None) -> dict[str, Any] | None:
    """What is left of it for the next step, or for a branch.

    Args:
        note: The run's.
        result: JSON of the step's result; None: it has none, and hands on what it has got.
    """
    if not hands_on(note):
        return None
    return {PREVIOUS: note[PREVIOUS] if result is None else json.loads(result)}


def again(note: Any, said: Any, since: str | None) -> Any:
    """What a body says for its next call, and since when the try goes on where that counts."""
    if since is None and not hands_on(note):
        return said
    return noted(note, {AGAIN: said} if since is None else {AGAIN: said, SINCE: since})


def since(note: Any) -> str | None:
    """When the try began that was called before, where that counts."""
    return note.get(SINCE) if type(note) is dict else None


def untimed(note: Any) -> Any:
    """The same for another try, which has all of its time again."""
    return {key: value for key, value in note.items() if key != SINCE} if hands_on(note) else said(note)


def said(note: Any) -> Any:
    """What the body has said for this call."""
    return note.get(AGAIN) if hands_on(note) or since(note) is not None else note
