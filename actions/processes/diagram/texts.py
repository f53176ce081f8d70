"""What is written on nodes and arrows: cleaned, shortened, wrapped, and measured without a font."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator

from actions.processes.expressions import CALL, LIST, MAP, VALUE, Expression
from actions.processes.graph import NEXT, Edge, Kind, Node, Schedule, Who
from actions.processes.policies import Policy

UNREADABLE = "\ufffd"
NO_CHARACTER = 0xFFFE
"""The last two code points of each plane."""
ELLIPSIS = "…"
TIMES = "\N{MULTIPLICATION SIGN}"
LONGEST_FULL = 400
"""Characters of a text that is said to be in full: a tooltip is no place for a novel."""
SHORT = 28
MINUTE, HOUR, DAY = 60, 3600, 86400
NARROW = set("iljtfrI.,:;'|!()[]{} -/\\\"`·")
WIDE = set("mwMW@%—…" + UNREADABLE)


def plain(text: str) -> str:
    """A text on one line, without what no XML may hold, and without marks that turn the direction of writing."""
    return "".join(_visible(character) for character in " ".join(text.split()))


def shorten(text: str, length: int = SHORT) -> str:
    """A text of at most so many columns: characters, of which the wide ones of East Asia count twice."""
    clean = plain(text)
    return clean if columns(clean) <= length else clean[: _fitting(clean, length - 1)].rstrip() + ELLIPSIS


def columns(text: str) -> int:
    """How many narrow characters a text is as wide as."""
    return sum(_columns(character) for character in text)


def short_count(count: int) -> str:
    """A number in at most four characters, up to a billion: "999", "12k", "3M"."""
    for size, name in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            return f"{count // size}{name}"
    return str(count)


def text_width(text: str, size: float) -> float:
    """About how wide a text is in a sans-serif font, rather too much than too little."""
    return size * sum(_ems(character) for character in text)


def wrap(text: str, length: int, lines: int) -> tuple[str, ...]:
    """A text in at most so many lines, broken at spaces and after punctuation where there are any."""
    rest = plain(text)
    wrapped: list[str] = []
    while rest and len(wrapped) < lines - 1 and columns(rest) > length:
        cut = _break(rest, max(1, _fitting(rest, length)))
        wrapped.append(rest[:cut].strip())
        rest = rest[cut:].strip()
    return (*wrapped, shorten(rest, length)) if rest or not wrapped else tuple(wrapped)


def duration(seconds: float) -> str:
    """Seconds for people: "5 d", "1 h 30 min"."""
    parts = []
    rest = seconds
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        number, rest = divmod(rest, unit)
        if number:
            parts.append(f"{number:.0f} {name}")
    if rest or not parts:
        parts.append(f"{rest:g} s")
    return " ".join(parts)


def expression_text(expression: Expression) -> str:
    """An expression for people."""
    ((tag, content),) = expression.items()
    if tag == VALUE:
        return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False, default=str)
    if tag == CALL:
        return f"{content}()"
    if tag == LIST:
        return "[" + ", ".join(expression_text(each) for each in content) + "]"
    if tag == MAP:
        return "{" + ", ".join(f"{key}: {expression_text(each)}" for key, each in content.items()) + "}"
    return str(content)


def label_lines(node: Node, edge: Edge) -> tuple[tuple[str, ...], str]:
    """What is written on an edge, and the same without being shortened."""
    texts = []
    if edge.name not in {NEXT, ""}:
        texts.append(edge.name)
    if edge.when is not None:
        texts.append(expression_text(edge.when))
    elif node.kind is Kind.DECISION and not node.run and not texts:
        texts.append("else")
    written = [each for each in texts if plain(each)]
    return tuple(shorten(each) for each in written), ": ".join(full(each) for each in written)


def full(text: str) -> str:
    """A text as it stands in a tooltip."""
    return shorten(text, LONGEST_FULL)


def subtitle(node: Node) -> str:
    """What a node works with: the task, the action, the message; "" where its name says it all."""
    if node.kind is Kind.REPEAT:
        return _schedule(node.schedule) if node.schedule else ""
    if node.kind is Kind.EACH and node.target is not None:
        return f"each of {expression_text(node.target)}"
    said = {node.title, node.name} if node.title else {node.name}
    return "" if node.run in said else node.run


def badges(node: Node) -> tuple[str, ...]:
    """A node's policy, who answers it, and what else changes how it is worked on."""
    return (*_own(node), *_gates(node.policy), *_work(node.policy))


def _visible(character: str) -> str:
    if unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} or ord(character) & NO_CHARACTER == NO_CHARACTER:
        return UNREADABLE
    if unicodedata.bidirectional(character) in {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}:
        return UNREADABLE
    return character


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1


def _fitting(text: str, length: int) -> int:
    """How many characters of a text are at most so many columns."""
    used = 0
    for at, character in enumerate(text):
        used += _columns(character)
        if used > length:
            return at
    return len(text)


def _ems(character: str) -> float:
    if unicodedata.combining(character):
        return 0
    if unicodedata.east_asian_width(character) in {"W", "F"} or character in WIDE:
        return 1
    if character in NARROW:
        return 0.38
    return 0.72 if character.isupper() else 0.6


def _break(text: str, length: int) -> int:
    """Where a line of a longer text ends."""
    space = text.rfind(" ", 0, length + 1)
    if space > length // 3:
        return space
    marks = [mark.end() for mark in re.finditer(r"[^\w\s]|_", text[:length])]
    return marks[-1] if marks and marks[-1] > length // 3 else length


def _schedule(schedule: Schedule) -> str:
    every = f"every {duration(schedule.every_seconds)}"
    return f"{every} at {schedule.at}" if schedule.at else every


def _own(node: Node) -> Iterator[str]:
    if node.who is not None:
        yield from _who(node.who)
    if node.at_once is not None:
        yield f"{node.at_once} at once"
    if node.is_broadcast:
        yield "to all"
    if node.process:
        yield f"to {node.process}"
    if node.is_detached:
        yield "is not waited for"


def _who(who: Who) -> Iterator[str]:
    names = {"user": who.users, "group": who.groups}
    for kind, expressions in names.items():
        if expressions:
            yield f"{kind} " + ", ".join(expression_text(each) for each in expressions)
    if who.permissions:
        yield "may " + ", ".join(who.permissions)
    for kind, look_ups in (("user", who.user_filter), ("group", who.group_filter)):
        yield from (f"{kind} with {name} = {json.dumps(value, ensure_ascii=False)}" for name, value in look_ups.items())


def _gates(policy: Policy) -> Iterator[str]:
    yield from (f"skip if {expression_text(each)}" for each in policy.skip_if)
    if policy.skip_after is not None:
        yield f"skip after {_seconds(policy.skip_after)}"
    if policy.wait_until is not None:
        yield f"waits until {expression_text(policy.wait_until)}"
    if policy.wait_for is not None:
        yield f"waits {_seconds(policy.wait_for)}"
    yield from (f"as soon as {expression_text(each)}" for each in policy.as_soon_as)


def _work(policy: Policy) -> Iterator[str]:
    if policy.retry is not None:
        yield f"retry {policy.retry.attempts}{TIMES}"
    if policy.timeout_seconds is not None:
        yield f"timeout {duration(policy.timeout_seconds)}"
    if policy.ignore_errors:
        yield "ignores errors"
    if policy.compensate:
        yield f"taken back by {policy.compensate}"
    if policy.in_background:
        yield "in background"


def _seconds(expression: Expression) -> str:
    content = expression.get(VALUE)
    if isinstance(content, int | float) and not isinstance(content, bool):
        return duration(content)
    return expression_text(expression)
