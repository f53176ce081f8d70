"""What each kind of node does that can be done in one go: tasks, actions, decisions, waits, messages, ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from actions.processes.context import Decided
from actions.processes.exceptions import StepError, StepTimeoutError
from actions.processes.graph import NEXT, Edge, Kind
from actions.processes.planner import after_join, arriving, chosen, following
from actions.processes.states import Status, Waiting
from actions.processes.store import StepRow, messages
from actions.processes.store.columns import Text
from actions.processes.values import dump

from .actions import perform_action
from .gates import SKIP, Closed, Skip, is_skipped, look_at, next_look, seconds, skips_at
from .masking import secrets_of, shown, shown_log
from .position import end_here, finish, go_on, step_row, wait
from .step import Step
from .timing import limited
from .turns import next_turn

REPEATS = "$repeats"
"""In the state: when each repeat came up first."""


def work(step: Step) -> None:
    """Carry a node out, and move its track.

    Raises:
        Exception: Whatever goes wrong; nothing of the track has changed then but its state.
    """
    if step.node.policy.has_gates and step.track.run.waiting_for != Waiting.RETRY.value:
        gate = _look_at_gates(step)
        if isinstance(gate, Closed):
            wait(step.track, gate.reason, gate.due_at)
            return
        if isinstance(gate, Skip):
            skip(step)
            return
    WORK[step.node.kind](step)
    if step.context.is_last and not step.track.is_over:
        end_here(step.track)
    step.track.note_changes()


def _look_at_gates(step: Step) -> Closed | Skip | None:
    policy, entered_at = step.node.policy, step.track.run.entered_at
    if step.track.run.waiting_for == Waiting.MESSAGE.value:
        # The others have let it through before it began to listen.
        return SKIP if is_skipped(policy, step.look, entered_at) else None
    return look_at(policy, step.look, entered_at)


def skip(step: Step) -> None:
    """Leave a node without its work."""
    node = step.node
    _row(step, Status.SKIPPED)
    edge = node.edge()
    if node.kind in (Kind.SPLIT, Kind.EACH):
        go_on(step.track, after_join(step.program.graph, node))
        return
    name = edge.name if edge is not None else node.edges[0].name if node.edges else NEXT
    go_on(step.track, following(step.program.graph, node, name), step.track.last)


def _row(step: Step, status: Status, result: str | None = None, **columns: Any) -> StepRow:
    context, arguments = step.context, step.arguments
    if arguments:
        columns["input"] = shown(arguments, step)
    if context.lines:
        columns["log"] = shown_log(step)
    row = step_row(step.track, status, step.started_at, **columns)
    if result is not None:
        row.result = masked(result, step)
    if status is Status.SUCCEEDED:
        row.original = step.original(result)
    return row


def masked(result: str, step: Step) -> Any:
    """A result without secrets: those by name are in what has keys, and texts may quote others."""
    if "{" in result or ('"' in result and secrets_of(step)):
        value = json.loads(result)
        return shown(value, step) if value else value
    return Text(result)


def _task(step: Step) -> None:
    result = dump(step.run())
    step.register(result)
    _row(step, Status.SUCCEEDED, result)
    go_on(step.track, following(step.program.graph, step.node), result)


def _action(step: Step) -> None:
    with limited(step.node.policy.timeout_seconds, step.context.using):
        body, event_uid = perform_action(step)
    result = dump(body)
    step.register(result)
    _row(step, Status.SUCCEEDED, result, event_uid=event_uid)
    go_on(step.track, following(step.program.graph, step.node), result)


def _decision(step: Step) -> None:
    edge, result, handed_on = _decided(step) if step.node.run else (_true_edge(step), None, None)
    _row(step, Status.SUCCEEDED, result, edge=edge.name)
    go_on(step.track, arriving(step.program.graph, edge.target), step.track.last if handed_on is None else handed_on)


def _true_edge(step: Step) -> Edge:
    """The first edge whose condition holds."""
    edges = step.node.edges
    taken = next((each for each in edges if each.when is None or step.look.value(each.when)), None)
    if taken is None:
        raise StepError(f"{step.node.name}: none of the conditions of its {len(edges)} edges holds.")
    return taken


def _decided(step: Step) -> tuple[Edge, str | None, str | None]:
    """The edge that the function has chosen, its result, and what of that the next step gets."""
    node, answer = step.node, step.run()
    decided = answer if isinstance(answer, Decided) else Decided(answer, answer)
    try:
        edge = chosen(node, decided.edge)
    except ValueError as error:
        raise StepError(str(error)) from error
    if not decided.has_result:
        return edge, None, None
    result = dump(decided.result)
    step.register(result)
    return edge, result, result if decided is answer else None


def _wait(step: Step) -> None:
    _row(step, Status.SUCCEEDED)
    go_on(step.track, following(step.program.graph, step.node), step.track.last)


def _join(step: Step) -> None:
    go_on(step.track, following(step.program.graph, step.node), step.track.last)


def _repeat(step: Step) -> None:
    schedule = step.node.schedule
    if schedule is None:
        raise StepError(f"{step.node.name} has no schedule.")
    state, entered = step.context.state, step.track.run.entered_at
    firsts = dict(state.get(REPEATS, {}))
    first = datetime.fromisoformat(firsts[step.node.name]) if step.node.name in firsts else entered
    due_at = next_turn(schedule, first, entered)
    if timezone.now() < due_at:
        if step.node.name not in firsts:
            state[REPEATS] = {**firsts, step.node.name: entered.isoformat()}
        wait(step.track, Waiting.TIME, due_at)
        return
    _row(step, Status.SUCCEEDED)
    go_on(step.track, following(step.program.graph, step.node), step.track.last)


def _send(step: Step) -> None:
    node, using = step.node, step.track.scope.using
    data = step.read_arguments()
    key = step.look.value(node.target) if node.target is not None else None
    for message in _addressed(step, key, data):
        messages.post(message, using)
        transaction.on_commit(partial(messages.hand_out, message, using), using=using, robust=True)
    _row(step, Status.SUCCEEDED)
    go_on(step.track, following(step.program.graph, node), step.track.last)


def _addressed(step: Step, key: Any, data: Any) -> list[Any]:
    node, using = step.node, step.track.scope.using
    if not node.is_broadcast:
        return [messages.new_message(node.run, key=key, process=node.process, data=data)]
    keys = messages.waiting_runs(messages.wait_key(node.run, key), node.process, using)
    return [messages.new_message(node.run, key=key, run_id=each, process=node.process, data=data) for each in keys]


def _receive(step: Step) -> None:
    """The second half: the run has said that it waits (see `waits.begin_waiting`)."""
    run = step.track.run
    message = messages.look_for(run, str(run.wait_key), step.track.scope.using)
    if message is None:
        ends_at = _limit(step)
        if ends_at is not None and timezone.now() >= ends_at:
            wanted = messages.shown_key(str(run.wait_key))
            raise StepTimeoutError(f'No message "{wanted}" came within {step.node.policy.timeout_seconds:g} seconds.')
        soon = timezone.now() + messages.SOON if messages.is_busy(run, str(run.wait_key), step.context.using) else None
        wait(step.track, Waiting.MESSAGE, soon or _next_look(step, ends_at))
        return
    step.track.taken.append(message.pk)
    result = dump(message.data)
    step.register(result)
    _row(step, Status.SUCCEEDED, result)
    go_on(step.track, following(step.program.graph, step.node), result)


def _next_look(step: Step, ends_at: datetime | None) -> datetime | None:
    """When is looked again whether a message is still wanted."""
    policy = step.node.policy
    skip_at = skips_at(policy, step.look, step.track.run.entered_at)
    return next_look(policy, min((each for each in (skip_at, ends_at) if each is not None), default=None))


def _limit(step: Step) -> datetime | None:
    timeout = step.node.policy.timeout_seconds
    return None if timeout is None else step.track.run.entered_at + seconds(timeout)


def _end(step: Step) -> None:
    arguments = step.read_arguments()
    finish(step.track, Status.SUCCEEDED, result=dump(arguments["result"]) if "result" in arguments else None)
    step.track.run.number += 1


WORK: dict[Kind, Callable[[Step], None]] = {
    Kind.TASK: _task,
    Kind.ACTION: _action,
    Kind.DECISION: _decision,
    Kind.WAIT: _wait,
    Kind.JOIN: _join,
    Kind.REPEAT: _repeat,
    Kind.SEND: _send,
    Kind.RECEIVE: _receive,
    Kind.END: _end,
}
