"""Steps that hold other steps: if, switch, decide, split, do, and loops over any of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from actions.processes.context import Body
from actions.processes.expressions import Expression
from actions.processes.graph import BODY, Edge, Kind, Mode, Node
from actions.processes.policies import Policy

from .names import mode_of
from .source import Path
from .yaml_arguments import check_arguments
from .yaml_builder import Builder, Chain, Frame, Part

ELSE = "else"
THEN = "then"

CompileSteps = Callable[[Builder, Path, Any, Frame], Chain]
Way = tuple[str, Expression | None, Chain]
"""Name of the edge, its condition, and the steps."""


def read_group(
    builder: Builder, place: Path, step: Mapping[str, Any], verb: str, name: str, frame: Frame, policy: Policy,
    compile_steps: CompileSteps,
) -> Part:  # fmt: skip
    """A step that holds others."""
    node = {"name": name, "title": step.get("name", ""), "description": step.get("description", ""), "policy": policy}
    if verb == "split":
        return _split(builder, (*place, verb), step[verb], node, frame, compile_steps)
    if verb == "decide":
        return _decide(builder, place, step, node, frame, compile_steps)
    ways = list(_if(builder, place, step, frame, compile_steps) if verb == "if" else
                _switch(builder, (*place, verb), step[verb], frame, compile_steps))  # fmt: skip
    return _decision(builder, {**node, "kind": Kind.DECISION}, ways, step.get("next"))


def gate(builder: Builder, step: Mapping[str, Any], name: str, condition: Expression | None, inner: Chain) -> Part:
    """A decision before steps that cannot be skipped by themselves."""
    node = {"name": name, "kind": Kind.DECISION, "title": step.get("name", "")}
    return _decision(builder, node, [(THEN, condition, inner)], step.get("next"))


def loop(builder: Builder, place: Path, step: Mapping[str, Any], name: str, frame: Frame, inner: Chain) -> Part:
    """Steps for each item of a list."""
    join = builder.claim_inner(f"{name}.join")
    items = builder.values.read((*place, "loop"), step["loop"], frame.scope)
    policy = Policy(on_error=frame.on_error, ignore_errors=frame.ignores_errors and not frame.on_error,
                    in_background=frame.in_background)  # fmt: skip
    register = step.get("register", "")
    if register:
        frame.scope.state.add(register)

    def finish(after: str) -> None:
        builder.add(Node(name=name, kind=Kind.EACH, title=step.get("name", ""), description=step.get("description", ""),
                         edges=(Edge(inner.entry(join), BODY),), target=items, register=register, join=join,
                         at_once=step.get("at_once"), policy=policy))  # fmt: skip
        inner.finish(join)
        builder.add(Node(name=join, kind=Kind.JOIN, edges=(Edge(step.get("next") or after),)))

    return Part(name, finish)


def split_node(
    builder: Builder, node: Mapping[str, Any], ways: Sequence[tuple[str, Chain]], goes_on: str | None = None
) -> Part:
    """A split into named ways, and their join."""
    join = builder.claim_inner(f"{node['name']}.join")

    def finish(after: str) -> None:
        edges = tuple(Edge(chain.entry(join), name) for name, chain in ways)
        builder.add(Node(**node, kind=Kind.SPLIT, edges=edges, join=join))
        for _name, chain in ways:
            chain.finish(join)
        builder.add(Node(name=join, kind=Kind.JOIN, edges=(Edge(goes_on or after),)))

    return Part(str(node["name"]), finish)


def _decision(builder: Builder, node: Mapping[str, Any], ways: Sequence[Way], goes_on: str | None) -> Part:
    """A decision: to the steps of one of the ways, or past them all."""

    def finish(after: str) -> None:
        target = goes_on or after
        edges = [Edge(chain.entry(target), name, when) for name, when, chain in ways]
        if not node.get("run") and all(edge.name != ELSE for edge in edges):
            edges.append(Edge(target, ELSE))
        builder.add(Node(**{**node, "edges": tuple(edges)}))
        for _name, _when, chain in ways:
            chain.finish(target)

    return Part(str(node["name"]), finish)


def _if(
    builder: Builder, place: Path, step: Mapping[str, Any], frame: Frame, compile_steps: CompileSteps
) -> Iterator[Way]:
    condition = builder.values.all_of((*place, "if"), step["if"], frame.scope)
    if THEN not in step:
        builder.source.report(place, "nothing is said about what to do then.", "Add then, a list of steps.")
    keys = [key for key in (THEN, ELSE) if step.get(key) is not None]
    chains = _branches(builder, [((*place, key), step[key]) for key in keys], frame, compile_steps)
    for key, chain in zip(keys, chains, strict=True):
        yield key, condition if key == THEN else None, chain


def _switch(builder: Builder, place: Path, cases: Any, frame: Frame, compile_steps: CompileSteps) -> Iterator[Way]:
    whens: list[tuple[str, Expression | None]] = []
    steps: list[tuple[Path, Any]] = []
    for index, case in enumerate(cases):
        where = (*place, index)
        if not builder.source.is_right(where, but=("do", ELSE)):
            continue
        is_else = isinstance(case, Mapping) and ELSE in case
        wrong = _wrong_case(case, is_last=index == len(cases) - 1)
        if wrong:
            builder.source.report(where, wrong, "Write when and do, and in the last case else if needed.")
            continue
        condition = None if is_else else builder.values.all_of((*where, "when"), case["when"], frame.scope)
        whens.append((ELSE if is_else else f"case_{index + 1}", condition))
        key = ELSE if is_else else "do"
        steps.append(((*where, key), case[key]))
    chains = _branches(builder, steps, frame, compile_steps)
    for (name, condition), chain in zip(whens, chains, strict=True):
        yield name, condition, chain


def _wrong_case(case: Any, *, is_last: bool) -> str:
    if not isinstance(case, Mapping):
        return "a case is a mapping."
    if ELSE in case:
        if len(case) > 1:
            return "a case has either else, or when and do."
        return "" if is_last else "what follows else is never reached."
    return "" if "when" in case and "do" in case else "a case needs when and do."


def _branches(
    builder: Builder, ways: Sequence[tuple[Path, Any]], frame: Frame, compile_steps: CompileSteps,
    *, is_parallel: bool = False,
) -> list[Chain]:  # fmt: skip
    """Steps of which each way sees what was registered before, and all that follows sees what they register."""
    scopes, chains = [], []
    for place, steps in ways:
        inner = replace(frame, scope=frame.scope.branch(), on_error="" if is_parallel else frame.on_error)
        chains.append(compile_steps(builder, place, steps, inner))
        scopes.append(inner.scope)
    for scope in scopes:
        frame.scope.join(scope)
    return chains


def _split(
    builder: Builder, place: Path, branches: Any, node: Mapping[str, Any], frame: Frame, compile_steps: CompileSteps
) -> Part:
    ways = list(branches.items() if isinstance(branches, Mapping) else enumerate(branches))
    for key, steps in ways:
        if not steps:
            builder.source.report((*place, key), "this branch has no steps.", "Add one, or remove the branch.")
    chains = _branches(builder, [((*place, key), each) for key, each in ways], frame, compile_steps, is_parallel=True)
    names = [key if isinstance(key, str) else str(key + 1) for key, _steps in ways]
    policy = node["policy"]
    if frame.on_error and not policy.on_error:
        policy = replace(policy, on_error=frame.on_error)
    step = builder.source.at(place[:-1])
    return split_node(builder, {**node, "policy": policy}, list(zip(names, chains, strict=True)), step.get("next"))


def _decide(
    builder: Builder, place: Path, step: Mapping[str, Any], node: Mapping[str, Any], frame: Frame,
    compile_steps: CompileSteps,
) -> Part:  # fmt: skip
    args = builder.values.mapping((*place, "args"), step.get("args"), frame.scope)
    task = builder.task((*place, "decide"), step["decide"])
    name = str(node["name"])
    if task is not None:
        check_arguments(builder.source, place, task, args)
        frame.scope.is_open = frame.scope.is_open or (task.takes_context and not task.is_core)
    if step.get("register"):
        frame.scope.state.add(step["register"])
    cases = step.get("cases")
    if not isinstance(cases, Mapping):
        builder.source.report(place, "there are no cases to decide between.", "Add cases: steps by what is answered.")
        cases = {}
    if ELSE in cases:
        builder.source.report((*place, "cases", ELSE), "else stands beside cases.", "Move it up.", at_key=True)
    lists = [(key, (*place, "cases", key), steps) for key, steps in cases.items()]
    lists += [(ELSE, (*place, ELSE), step[ELSE])] if step.get(ELSE) is not None else []
    chains = _branches(builder, [(where, steps) for _key, where, steps in lists], frame, compile_steps)
    ways: list[Way] = [(each[0], None, chain) for each, chain in zip(lists, chains, strict=True)]
    if task is not None:
        builder.bodies[f"decision:{name}"] = _answers(task.body, frozenset(cases), ELSE in step)
    more = {"run": f"decision:{name}", "args": args, "register": step.get("register", ""), "kind": Kind.DECISION}
    more |= {"mode": Mode(step["mode"])} if "mode" in step else mode_of(task) if task is not None else {}
    return _decision(builder, {**node, **more}, ways, step.get("next"))


def _answers(body: Body, cases: frozenset[str], has_else: bool) -> Body:
    """The task's answer as the name of an edge: booleans as YAML writes them, what is no case as `else`."""

    def decide(context: Any, arguments: dict[str, Any]) -> str:
        answer = body(context, arguments)
        name = str(answer).lower() if isinstance(answer, bool) else str(answer)
        return ELSE if has_else and name not in cases else name

    return decide
