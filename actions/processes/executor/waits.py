"""Nodes that begin something and wait for it: branches, items, other processes, people, messages.

Each is looked at twice or more: to begin, and to see whether what it waits for has come.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.processes.exceptions import StepError
from actions.processes.graph import BODY, Kind, Node
from actions.processes.models import Run
from actions.processes.notes import hands_on
from actions.processes.planner import after_join, following
from actions.processes.states import RunKind, Status, Waiting
from actions.processes.store import (
    FAILED_CHILD,
    Child,
    Scope,
    Track,
    begin_children,
    insert_run,
    messages,
    payload_of,
    results_of,
)
from actions.processes.values import dump

from .gates import SKIP, Closed, look_at
from .inputs import ask, keep_waiting, limit, look_at_input
from .masking import shown
from .position import go_on, step_row, wait
from .sharing import is_shareable
from .starting import find_process, prepare
from .step import Step
from .work import skip

WAITED_FOR = {
    Kind.SPLIT: Waiting.BRANCHES,
    Kind.EACH: Waiting.BRANCHES,
    Kind.PROCESS: Waiting.PROCESS,
    Kind.INPUT: Waiting.INPUT,
    Kind.RECEIVE: Waiting.MESSAGE,
}
"""Kinds that are carried out here, and what they wait for."""


class BranchError(StepError):
    """A branch, an item or a process that the step has begun has failed."""

    code = "branch_failed"


def look(step: Step, *, is_inline: bool) -> list[Track]:
    """Begin a node, or see whether what it waits for has come; what is to be gone on with beside the track.

    Raises:
        StepTimeoutError: It has waited too long.
        StepError: What it waits for has failed.
    """
    run, node = step.track.run, step.node
    if run.waiting_for != WAITED_FOR[node.kind].value:
        if node.policy.has_gates:
            gate = look_at(node.policy, step.look, run.entered_at)
            if isinstance(gate, Closed):
                wait(step.track, gate.reason, gate.due_at)
                return []
            if gate is SKIP:
                skip(step)
                return []
        return _begin(step, is_inline=is_inline)
    if node.kind is Kind.INPUT:
        look_at_input(step)
    elif node.kind is Kind.PROCESS:
        _look_at_process(step)
    else:
        _look_at_branches(step)
    return []


def _begin(step: Step, *, is_inline: bool) -> list[Track]:
    kind = step.node.kind
    if kind is Kind.SPLIT:
        return _split(step, is_inline=is_inline)
    if kind is Kind.EACH:
        return _each(step, is_inline=is_inline)
    if kind is Kind.PROCESS:
        return _process(step)
    if kind is Kind.INPUT:
        ask(step)
        return []
    _listen(step)
    return []


# --- branches and items -----------------------------------------------------------------------------------------------


def _split(step: Step, *, is_inline: bool) -> list[Track]:
    graph, using = step.program.graph, step.track.scope.using
    targets = [edge.target for edge in step.node.edges]
    children = [
        Child(target, is_held=_is_held(graph.nodes.get(target), place, is_inline=is_inline))
        for place, target in enumerate(targets)
    ]
    return begin_children(step.track, children, using, kind=RunKind.BRANCH)


def _is_held(node: Node | None, place: int, *, is_inline: bool) -> bool:
    """Whether whoever splits goes on with a branch: others would do it meanwhile, if there are any."""
    if node is None or is_inline:
        return True
    return place == 0 or is_shareable(node)


def _each(step: Step, *, is_inline: bool) -> list[Track]:
    node, body = step.node, step.node.edge(BODY)
    if node.target is None or body is None:
        raise StepError(f'{node.name} needs a list, and an edge "{BODY}".')
    items = _items(step.look.value(node.target), node.name)
    if not items:
        _leave(step, [])
        return []
    first = step.program.graph.nodes.get(body.target)
    children = [
        Child(body.target, item, _is_held(first, place, is_inline=is_inline)) for place, item in enumerate(items)
    ]
    return begin_children(step.track, children, step.track.scope.using, kind=RunKind.ITEM, at_once=node.at_once)


def _items(value: Any, name: str) -> list[Any]:
    if isinstance(value, Mapping):
        return [{"key": key, "value": each} for key, each in value.items()]
    if isinstance(value, str | bytes) or not hasattr(value, "__iter__"):
        raise StepError(f"{name} goes over a list, and got {type(value).__name__}.")
    return list(value)


def _look_at_branches(step: Step) -> None:
    run, node = step.track.run, step.node
    if isinstance(run.note, Mapping) and FAILED_CHILD in run.note:
        error = run.note[FAILED_CHILD]
        raise BranchError(f"A branch failed at {error.get('node', '?')}: {error.get('type')}: {error.get('detail')}")
    if run.open_children:
        wait(step.track, Waiting.BRANCHES, None)
        return
    results = []
    if (node.kind is Kind.EACH and node.register) or hands_on(run.note):
        results = [result for result, *_else in results_of(run, run.number, step.track.scope.using)]
    _leave(step, results)


def _leave(step: Step, results: list[Any]) -> None:
    node, result = step.node, None
    if node.kind is Kind.EACH or hands_on(step.track.run.note):
        result = dump(results)
        step.register(result)
    step_row(step.track, Status.SUCCEEDED, step.started_at)
    go_on(step.track, after_join(step.program.graph, node), result)


# --- another process --------------------------------------------------------------------------------------------------


def _process(step: Step) -> list[Track]:
    node, run, using = step.node, step.track.run, step.track.scope.using
    child = prepare(node.run, step.read_arguments(), using=using)
    _refuse_second(child, using)
    child.actor_id, child.actor_name = run.actor_id, run.actor_name
    child.correlation_id, child.traceparent = run.correlation_id, run.traceparent
    child.queue, child.priority = run.queue, run.priority
    if node.is_detached:
        # The same step begins it once: its key is the step's.
        child.key_hash = step.context.idempotency_key
        insert_run(child, using, is_held=False, max_running=find_process(node.run).graph.max_running)
        begun, row = dump({"run": child.pk}), step_row(step.track, Status.SUCCEEDED, step.started_at)
        row.input, row.original = shown(step.arguments, step), step.original(begun)
        go_on(step.track, following(step.program.graph, node), begun)
        return []
    child.parent_id, child.parent_number, child.place = run.pk, run.number, 0
    wait(step.track, Waiting.PROCESS, limit(step))
    run.open_children = 1
    insert_run(child, using, is_held=True, max_running=find_process(node.run).graph.max_running)
    return [Track(child, Scope(child, using))] if child.fence else []


def _refuse_second(child: Run, using: str) -> None:
    """Say so where there may be only one. Of two at the same instant the database refuses one, in its own words."""
    if child.unique_key is None:
        return
    other = Run._base_manager.using(using).filter(unique_key=child.unique_key).first()
    if other is not None:
        raise StepError(f"Run {other.pk} of {child.process} is not over yet, and there may be only one.")


def _look_at_process(step: Step) -> None:
    run, node, using = step.track.run, step.node, step.track.scope.using
    found = results_of(run, run.number, using)
    if not found:
        raise BranchError(f'The run of "{node.run}" that it waited for is not there any more.')
    result, status, error, key = found[0]
    if status == Status.SUCCEEDED.value:
        text = dump(result)
        step.register(text)
        row = step_row(step.track, Status.SUCCEEDED, step.started_at)
        row.result = shown(result, step)
        if node.policy.compensation:
            step.given = dump(payload_of(key, using))
            row.original = step.original(text)
        go_on(step.track, following(step.program.graph, node), text)
        return
    if status in (Status.FAILED.value, Status.CANCELLED.value):
        said = f"{error.get('type')}: {error.get('detail')}" if error else status
        raise BranchError(f'Run {key} of "{node.run}": {said}.')
    keep_waiting(step, Waiting.PROCESS)


# --- people and messages ----------------------------------------------------------------------------------------------


def _listen(step: Step) -> None:
    """Say that it waits. Messages are looked for after that is committed: see `store.messages`."""
    run, node = step.track.run, step.node
    key = step.look.value(node.target) if node.target is not None else None
    run.wait_key = messages.wait_key(node.run, key)
    run.waiting_for = Waiting.MESSAGE.value
    step.track.has_moved = True
