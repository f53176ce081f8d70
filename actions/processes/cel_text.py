"""What a condition in CEL names and how deep it goes, read from its text before anything is evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MACROS = ("all", "exists", "exists_one", "filter", "map")
"""What goes over a list. They alone can make an evaluation long."""

_TOKEN = re.compile(
    r"""
      (?P<text>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
    | (?P<comment>//[^\n]*)
    | (?P<number>\d[\w.]*)
    | (?P<chain>(?:\.\s*)?[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)
    | (?P<open>[(\[{])
    | (?P<close>[)\]}])
    | (?P<other>[^\s])
    """,
    re.VERBOSE | re.DOTALL,
)
_WORDS = frozenset({"true", "false", "null", "in"})
_BOUND = re.compile(r"\(\s*([A-Za-z_]\w*)\s*,")


class Chain(NamedTuple):
    """Names with dots between them, as they stand in a condition."""

    path: str
    """Without the name of a function that is called on it."""
    position: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What the text of a condition says."""

    chains: tuple[Chain, ...]
    """Every path that is looked up, in the order of the text."""
    bound: frozenset[str]
    """Names that its macros give to the items of lists."""
    nesting: int
    """Brackets inside one another."""
    loops: int
    """Macros inside one another."""


def read(source: str) -> Reading:
    """Read a condition that the parser has found right, or will."""
    chains: list[Chain] = []
    bound: set[str] = set()
    nesting = loops = 0
    macros: list[bool] = []
    for token in _TOKEN.finditer(source):
        if token.lastgroup == "chain":
            chains += _chain(token, source)
        elif token.lastgroup == "open":
            called = _called(source, token.start())
            macros.append(token.group() == "(" and called in MACROS)
            if macros[-1] and (name := _BOUND.match(source, token.start())):
                bound.add(name[1])
            nesting, loops = max(nesting, len(macros)), max(loops, sum(macros))
        elif token.lastgroup == "close" and macros:
            macros.pop()
    return Reading(tuple(chains), frozenset(bound), nesting, loops)


def _chain(token: re.Match[str], source: str) -> Iterator[Chain]:
    """The path of a chain of names: none where it goes on with the result of something else."""
    text = re.sub(r"\s", "", token.group())
    if text.startswith("."):
        return
    names = text.split(".")
    if source[token.end() :].lstrip().startswith("("):
        names.pop()
    if names and names[0] not in _WORDS:
        yield Chain(".".join(names), token.start())


def _called(source: str, position: int) -> str:
    """The name of the method before a bracket."""
    found = re.search(r"\.\s*([A-Za-z_]\w*)\s*$", source[max(0, position - 80) : position])
    return found[1] if found else ""
