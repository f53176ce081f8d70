"""What is different between two versions of a definition."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from difflib import unified_diff
from itertools import takewhile
from typing import Any

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
_NOTHING = object()
MOST_WORK = 1_000_000_000
"""Steps of a comparison of texts; some seconds. Lines that come again and again would take hours."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not the same."""

    path: tuple[str | int, ...]
    change: str
    """Added, removed or changed."""
    before: Any = None
    after: Any = None

    def as_json(self) -> dict[str, Any]:
        """As REST shows it."""
        return {**asdict(self), "path": list(self.path)}


def differences(before: Any, after: Any, path: tuple[str | int, ...] = ()) -> Iterator[Difference]:
    """Every value that was added, removed or changed; of objects and lists the parts, items by their place."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(key for key in after if key not in before)]:
            yield from _of_part(before.get(key, _NOTHING), after.get(key, _NOTHING), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            old = before[index] if index < len(before) else _NOTHING
            new = after[index] if index < len(after) else _NOTHING
            yield from _of_part(old, new, (*path, index))
    elif before != after or type(before) is not type(after):
        # In Python True is 1 and 1 is 1.0; in JSON they are not the same.
        yield Difference(path, CHANGED, before, after)


def _of_part(before: Any, after: Any, path: tuple[str | int, ...]) -> Iterator[Difference]:
    if before is _NOTHING:
        yield Difference(path, ADDED, after=after)
    elif after is _NOTHING:
        yield Difference(path, REMOVED, before)
    else:
        yield from differences(before, after, path)


def text_diff(before: str, after: str, names: tuple[str, str]) -> str:
    """A unified diff of two texts; one that would take too long has all that is not alike at both ends."""
    old, new = before.splitlines(), after.splitlines()
    head = _alike(old, new)
    tail = _alike(old[head:][::-1], new[head:][::-1])
    changed = (old[head : len(old) - tail], new[head : len(new) - tail])
    if _work(old, new, min(map(len, changed))) > MOST_WORK:
        return "\n".join(_replaced(head, *changed, names))
    return "\n".join(unified_diff(old, new, *names, lineterm=""))


def _alike(before: Sequence[str], after: Sequence[str]) -> int:
    """How many lines both begin with."""
    pairs = zip(before, after, strict=False)
    return sum(1 for _pair in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _work(old: list[str], new: list[str], changed: int) -> int:
    """Steps that difflib takes at the worst: for each line that it places, all pairs of equal lines."""
    counts = Counter(new)
    pairs = sum(counts[line] for line in old)
    return (changed + 1) * (len(old) + len(new) + pairs)


def _replaced(head: int, old: list[str], new: list[str], names: tuple[str, str]) -> Iterator[str]:
    """The diff in which every line goes, and every line comes."""
    yield from (f"--- {names[0]}", f"+++ {names[1]}")
    first, second = (f"{head + bool(lines)},{len(lines)}" for lines in (old, new))
    yield f"@@ -{first} +{second} @@"
    yield from (f"-{line}" for line in old)
    yield from (f"+{line}" for line in new)
