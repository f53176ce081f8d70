"""Finds the join of each split, by following the ways to where they meet at the split's own level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from actions.processes.graph import Kind, Node
from actions.processes.validate import Problem


class Joins:
    """The joins of a graph's splits; what is wrong with them is in `problems`."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        self._nodes = nodes
        self._found: dict[str, str] = {}
        self.problems: list[Problem] = []

    def find(self) -> dict[str, str]:
        """By split, its join; "" where no way comes to one, as where each goes on for ever."""
        for name, node in self._nodes.items():
            if node.kind is Kind.SPLIT:
                self._of(name)
        return self._found

    def _of(self, split: str) -> str:
        if split in self._found:
            return self._found[split]
        # While it is looked for: a way that leads back here leaves the split, which is found when all is checked.
        self._found[split] = ""
        met = list(dict.fromkeys(join for edge in self._nodes[split].edges for join in self._met(edge.target)))
        if len(met) > 1:
            self.problems.append(
                Problem(split, f"its ways meet in different joins: {', '.join(met)}.", "Have all of them go on to one.")
            )
        self._found[split] = met[0] if met else ""
        return self._found[split]

    def _met(self, start: str) -> Iterator[str]:
        """The joins that a way comes to, not counting those of splits within it."""
        seen, waiting = set[str](), [start]
        while waiting:
            name = waiting.pop()
            node = self._nodes.get(name)
            if name in seen or node is None:
                continue
            seen.add(name)
            if node.kind is Kind.JOIN:
                yield name
            elif node.kind is Kind.SPLIT:
                join = self._nodes.get(self._of(name))
                waiting += [edge.target for edge in join.edges] if join is not None else []
            elif node.kind is not Kind.REPEAT:
                waiting += [edge.target for edge in node.edges]
            if node.policy.on_error:
                waiting.append(node.policy.on_error)
