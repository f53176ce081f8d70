"""Everything that is wrong with a graph, at once, whichever way it was written.

problems(graph) == [Problem("approve", 'goes on to "pay", which is no step.', …)]
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from .graph import BODY, NEXT, Graph, Kind, Node

_NAMED_WAYS = (Kind.DECISION, Kind.SPLIT)
_GROUPS = (Kind.SPLIT, Kind.EACH)
_PATIENT = (Kind.WAIT, Kind.INPUT, Kind.RECEIVE, Kind.REPEAT, Kind.END)
_RUN_NAMES: Mapping[Kind, str] = {
    Kind.TASK: "a task",
    Kind.ACTION: "an action",
    Kind.INPUT: "a form",
    Kind.RECEIVE: "a message",
    Kind.SEND: "a message",
    Kind.PROCESS: "a process",
}
"""What `run` has to say."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong."""

    node: str
    """The step's name; "" for the graph itself."""
    message: str
    """What is wrong, as a sentence whose subject may be the step."""
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.node}: {self.message} {self.remedy}".removeprefix(": ").rstrip()


def problems(graph: Graph, *, has_other_starts: bool = False) -> list[Problem]:
    """All problems of a graph. What follows from a wrong reference is looked for only when all references are right.

    Args:
        graph: The graph.
        has_other_starts: Whether runs may begin with other steps than the first one.
    """
    found = [*_start(graph)]
    for name, node in graph.nodes.items():
        found += _name(name, node)
        found += _references(graph, node)
        found += _edges(node)
        found += _parts(graph, node)
        found += _people(node)
    found += _joins(graph)
    unreachable = [] if has_other_starts else [*_unreachable(graph)]
    return found or [*unreachable, *_endless(graph), *_circles(graph), *_Regions(graph).problems()]


def reachable(graph: Graph, starts: Iterable[str] = ()) -> set[str]:
    """Names of all nodes that a run can come to, from the first one or another that it may start with."""
    return _closure({graph.start, *starts}, {name: set(_ways(node)) for name, node in graph.nodes.items()})


def _start(graph: Graph) -> Iterator[Problem]:
    if not graph.nodes:
        yield Problem("", "There are no steps.", "Add one.")
    elif graph.start not in graph.nodes:
        yield Problem("", f'It starts with "{graph.start}", which is no step.', _guess(graph, graph.start))


def _name(name: str, node: Node) -> Iterator[Problem]:
    if name != node.name:
        yield Problem(name, f'stands under this name and is called "{node.name}".', "Give it one name.")
    if not node.name or len(node.name) > 200:
        yield Problem(name, "a name has from 1 to 200 characters.", "Shorten it.")


def _references(graph: Graph, node: Node) -> Iterator[Problem]:
    """Names of nodes that are none."""
    for edge in node.edges:
        if edge.target not in graph.nodes:
            yield Problem(node.name, f'goes on to "{edge.target}", which is no step.', _guess(graph, edge.target))
    on_error = node.policy.on_error
    if on_error and on_error not in graph.nodes:
        yield Problem(node.name, f'goes on after an error to "{on_error}", which is no step.', _guess(graph, on_error))
    if on_error and node.policy.ignore_errors:
        yield Problem(node.name, "both ignores errors and handles them by a step.", "Keep one of the two.")
    if node.join and node.join not in graph.nodes:
        yield Problem(node.name, f'is joined by "{node.join}", which is no step.', _guess(graph, node.join))


def _edges(node: Node) -> Iterator[Problem]:
    """How many edges there are, and what they are called."""
    for name, count in Counter(edge.name for edge in node.edges).items():
        if count > 1:
            yield Problem(node.name, f'has {count} ways on called "{name}".', "Give each a name of its own.")
    names = [edge.name for edge in node.edges]
    if node.kind is Kind.END and names:
        yield Problem(node.name, "is an end and goes on nevertheless.", "Remove its edge.")
    elif node.kind in _NAMED_WAYS and not names:
        yield Problem(node.name, f"is a {node.kind} without a way on.", "Add at least one.")
    elif node.kind is Kind.EACH and names != [BODY]:
        yield Problem(node.name, 'needs one edge, "body", to what is done for each item.', "Its join goes on.")
    elif node.kind not in (*_NAMED_WAYS, Kind.EACH) and len(names) > 1:
        yield Problem(node.name, f"has {len(names)} ways on: {', '.join(names)}.", "Only decisions and splits have.")
    elif node.kind not in (*_NAMED_WAYS, Kind.EACH, Kind.END) and names not in ([], [NEXT]):
        yield Problem(node.name, f'its way on is called "{names[0]}".', f'Call it "{NEXT}".')
    yield from _cases(node)


def _cases(node: Node) -> Iterator[Problem]:
    """Of a decision by conditions: nothing follows the way that is taken in any case."""
    if node.kind is not Kind.DECISION or node.run:
        if any(edge.when is not None for edge in node.edges):
            yield Problem(node.name, "has a condition at an edge that nothing asks for.", "Only decisions ask for it.")
        return
    for edge, following in zip(node.edges, node.edges[1:], strict=False):
        if edge.when is None:
            message = f'never takes its way "{following.name}": "{edge.name}" before it has no condition.'
            yield Problem(node.name, message, "Put what has no condition last, and only once.")
            return


def _parts(graph: Graph, node: Node) -> Iterator[Problem]:
    """What a kind needs, and what it has no use for."""
    if node.kind in _RUN_NAMES and not node.run:
        yield Problem(node.name, f"names not {_RUN_NAMES[node.kind]}.", "Say what it runs.")
    if node.kind in _GROUPS and not node.join:
        yield Problem(node.name, f"is a {node.kind} without a join.", "Say where its ways meet.")
    if node.kind not in _GROUPS and node.join:
        yield Problem(node.name, f"is a {node.kind} and has a join.", "Only a split and a loop have one.")
    if node.join and node.join in graph.nodes and graph.nodes[node.join].kind is not Kind.JOIN:
        yield Problem(node.name, f'is joined by "{node.join}", which is no join.', "Name the join of its ways.")
    if node.kind is Kind.EACH and node.target is None:
        yield Problem(node.name, "says not of which list it takes the items.", "Give it a list.")
    if node.kind is Kind.REPEAT:
        yield from _repeat(node)
    if node.at_once is not None and node.at_once < 1:
        yield Problem(node.name, f"works on {node.at_once} items at once.", "At least one is needed.")


def _repeat(node: Node) -> Iterator[Problem]:
    if node.schedule is None or node.schedule.every_seconds <= 0:
        yield Problem(node.name, "says not when it goes back.", "Give it an interval.")
    if not node.edges:
        yield Problem(node.name, "says not where it goes back to.", "Name a step.")


def _people(node: Node) -> Iterator[Problem]:
    if node.kind is not Kind.INPUT and (node.care is not None or node.who is not None):
        message = f"is a step of the kind {node.kind}, which nobody answers."
        yield Problem(node.name, message, "Only an input has `who` and `care`.")


def _joins(graph: Graph) -> Iterator[Problem]:
    owners = Counter(node.join for node in graph.nodes.values() if node.join)
    for node in graph.nodes.values():
        if node.kind is Kind.JOIN and not owners[node.name]:
            yield Problem(node.name, "joins the ways of no split.", "Name it as the join of a split, or remove it.")
        if owners[node.name] > 1:
            yield Problem(node.name, f"is the join of {owners[node.name]} splits.", "Give each a join of its own.")


def _unreachable(graph: Graph) -> Iterator[Problem]:
    there = reachable(graph)
    for name, node in graph.nodes.items():
        # Whatever goes on for ever never comes to the last step, which is no mistake.
        if name not in there and node.kind not in (Kind.END, Kind.JOIN):
            yield Problem(name, "is never reached.", "Have a step go on to it, or remove it.")


def _endless(graph: Graph) -> Iterator[Problem]:
    """Steps from which a run neither ends nor waits for its next round."""
    there = reachable(graph)
    backwards: dict[str, set[str]] = {name: set() for name in there}
    for name in there:
        for target in _ways(graph.nodes[name]):
            backwards[target].add(name)
    last = {name for name in there if not graph.nodes[name].edges or graph.nodes[name].kind is Kind.REPEAT}
    ending = _closure(last, backwards)
    lost = [name for name in graph.nodes if name in there and name not in ending]
    if lost:
        others = f" Nor is there one from {', '.join(lost[1:6])}." if lost[1:] else ""
        yield Problem(
            lost[0], f"there is no way from here to an end.{others}", "Let one of the steps go on to the end."
        )


def _circles(graph: Graph) -> Iterator[Problem]:
    """Steps that an error leads back to before anything is waited for or decided: whoever starts a run would hang."""
    ways = {name: set(_at_once(node)) for name, node in graph.nodes.items()}
    for name in _without_ends(ways):
        back = graph.nodes[name].policy.on_error
        if back in ways[name] and name in _closure({back}, ways):
            message = f'goes on after an error to "{back}", and from there comes here again without a wait, for ever.'
            yield Problem(name, message, "Let it be tried again by retry, or wait on the way.")


def _at_once(node: Node) -> Iterator[str]:
    """Where a run comes from a node in any case, or after an error, without waiting at it."""
    policy = node.policy
    if node.kind in _PATIENT or policy.wait_for or policy.wait_until or policy.as_soon_as:
        return
    if policy.on_error and (policy.retry is None or policy.retry.attempts < 2):
        yield policy.on_error
    if node.join:
        yield node.join
    elif node.kind is not Kind.DECISION:
        yield from (edge.target for edge in node.edges)


def _without_ends(ways: Mapping[str, set[str]]) -> list[str]:
    """Nodes that are in a circle, or between or behind some: none in most graphs."""
    incoming = Counter(target for targets in ways.values() for target in targets)
    free = [name for name in ways if not incoming[name]]
    gone = set(free)
    while free:
        for target in ways[free.pop()]:
            incoming[target] -= 1
            if not incoming[target] and target not in gone:
                gone.add(target)
                free.append(target)
    return [name for name in ways if name not in gone]


def _ways(node: Node) -> Iterator[str]:
    """Where a run can come from a node."""
    yield from (edge.target for edge in node.edges)
    if node.policy.on_error:
        yield node.policy.on_error
    if node.join:
        yield node.join


def _closure(start: set[str], ways: Mapping[str, set[str]]) -> set[str]:
    found, waiting = set(start), list(start)
    while waiting:
        for target in ways.get(waiting.pop(), ()):
            if target not in found:
                found.add(target)
                waiting.append(target)
    return found


def _guess(graph: Graph, name: str) -> str:
    near = get_close_matches(name, graph.nodes, n=1)
    return f'Did you mean "{near[0]}"?' if near else f"There are: {', '.join(list(graph.nodes)[:10])}."


class _Regions:
    """Which split or loop each node stands in: a branch is left by its join and in no other way."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._region: dict[str, tuple[str, ...]] = {}
        """By node, the splits and loops around it, the outermost first."""
        self._found: list[Problem] = []

    def problems(self) -> list[Problem]:
        """Ways that lead out of a branch or into one, and ends within."""
        pending: list[tuple[str, tuple[str, ...]]] = [(self._graph.start, ())]
        while pending:
            # The outer ones first, so that a node belongs to the outermost place from which it is reached.
            pending.sort(key=lambda each: len(each[1]), reverse=True)
            name, region = pending.pop()
            if name in self._region:
                continue
            self._region[name] = region
            pending += self._inner(self._graph.nodes[name], region)
        for name, region in self._region.items():
            self._check(self._graph.nodes[name], region)
        return self._found

    def _inner(self, node: Node, region: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What follows a node, each with its region."""
        if node.kind in _GROUPS:
            yield node.join, region
            yield from ((edge.target, (*region, node.name)) for edge in node.edges if edge.target != node.join)
        else:
            yield from ((edge.target, region) for edge in node.edges if edge.target != self._join(region))
        if node.policy.on_error and node.policy.on_error != self._join(region):
            yield node.policy.on_error, region

    def _join(self, region: tuple[str, ...]) -> str:
        return self._graph.nodes[region[-1]].join if region else ""

    def _check(self, node: Node, region: tuple[str, ...]) -> None:
        if region and node.kind is not Kind.REPEAT and (node.kind is Kind.END or not node.edges):
            message = f'ends the run in the middle of "{region[-1]}", whose other ways may still be under way.'
            self._found.append(Problem(node.name, message, f'Go on to its join, "{self._join(region)}".'))
        for target, expected in self._inner(node, region):
            actual = self._region[target]
            if actual == expected:
                continue
            inner = [each for each in expected if each not in actual]
            if inner:
                message = f'goes on to "{target}", and so leaves "{inner[-1]}" other than by its join.'
                remedy = f'Go on to "{self._graph.nodes[inner[-1]].join}".'
            else:
                message, remedy = (
                    f'goes on to "{target}", which is a step of "{actual[-1]}".',
                    "Go on to the split itself.",
                )
            self._found.append(Problem(node.name, message, remedy))
