"""Finds where the ways of each split meet."""

from __future__ import annotations

from collections.abc import Iterator

from actions.processes.steps import Join, Split, Step

from .declaration import Declaration


class Joins:
    """The joins of the splits of one DIGRAPH."""

    def __init__(self, said: Declaration) -> None:
        self._said = said
        self._found: dict[type[Step], type[Step] | None] = {}

    def of(self, split: type[Step]) -> type[Step] | None:
        """Where the ways of a split meet; None where that is not clear: it has been reported."""
        if split not in self._found:
            # Known as nothing while it is looked for: a way that leads back to its own split ends there.
            self._found[split] = None
            self._found[split] = self._look_for(split)
        return self._found[split]

    def _look_for(self, split: type[Step]) -> type[Step] | None:
        found = {join for _name, target in self._said.ways[split] if target for join in self._meet(target)}
        if not found:
            remedy = "Have its ways go on to a step that inherits from steps.Join."
            self._said.report(split, "has ways that meet nowhere.", remedy)
        elif len(found) > 1:
            names = ", ".join(sorted(join.__name__ for join in found))
            self._said.report(split, f"has ways that meet in different joins: {names}.", "Have them meet in one.")
        return found.pop() if len(found) == 1 else None

    def _meet(self, start: type[Step]) -> Iterator[type[Step]]:
        """The joins that are come to from a step, those of inner splits left out."""
        seen, waiting = {start}, [start]
        while waiting:
            step = waiting.pop()
            if issubclass(step, Join):
                yield step
                continue
            inner = self.of(step) if issubclass(step, Split) else step
            for _name, target in self._said.ways[inner] if inner is not None else ():
                if target is not None and target not in seen:
                    seen.add(target)
                    waiting.append(target)
