"""What each kind of node does that can be done in one go: tasks, actions, decisions, waits, messages, ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.utils import timezone

from actions.processes.exceptions import StepError, StepTimeoutError
from actions.processes.graph import NEXT, Kind, Schedule
from actions.processes.planner import after_join, arriving, chosen, following
from actions.processes.states import Status, Waiting
from actions.processes.store import StepRow, messages
from actions.processes.store.columns import Text
from actions.processes.values import dump

from .actions import perform_action
from .gates import Closed, Skip, look_at, seconds
from .position import finish, go_on, shown, step_row, wait
from .step import Step
from .timing import limited

REPEATS = "$repeats"
"""In the state: when each repeat came up first."""


def work(step: Step) -> None:
    """Carry a node out, and move its track.

    Raises:
        Exception: Whatever goes wrong; nothing of the track has changed then but its state.
    """
    if step.node.policy.has_gates and step.track.run.waiting_for != Waiting.RETRY.value:
        gate = look_at(step.node.policy, step.look, step.track.run.entered_at)
        if isinstance(gate, Closed):
            wait(step.track, gate.reason, gate.due_at)
            return
        if isinstance(gate, Skip):
            skip(step)
            return
    WORK[step.node.kind](step)
    step.track.note_changes()


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
        columns["input"] = shown(arguments, step.program)
    if context.lines:
        columns["log"] = "\n".join(context.lines)
    row = step_row(step.track, status, step.started_at, **columns)
    if result is not None:
        row.result = _masked(result, step)
    return row


def _masked(result: str, step: Step) -> Any:
    """A result without secrets; only what has keys can have any."""
    if "{" not in result:
        return Text(result)
    return shown(json.loads(result), step.program)


def _task(step: Step) -> None:
    arguments = step.read_arguments()
    with limited(step.node.policy.timeout_seconds, step.context.using):
        answer = step.call(step.node.run, arguments)
    result = dump(answer)
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
    node, result = step.node, None
    if node.run:
        arguments = step.read_arguments()
        with limited(node.policy.timeout_seconds, step.context.using):
            answer = step.call(node.run, arguments)
        try:
            edge = chosen(node, answer)
        except ValueError as error:
            raise StepError(str(error)) from error
        result = dump(answer)
        step.register(result)
    else:
        found = (each for each in node.edges if each.when is None or step.look.value(each.when))
        taken = next(found, None)
        if taken is None:
            raise StepError(f"{node.name}: none of the conditions of its {len(node.edges)} edges holds.")
        edge = taken
    _row(step, Status.SUCCEEDED, result, edge=edge.name)
    go_on(step.track, arriving(step.program.graph, edge.target), step.track.last)


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


def next_turn(schedule: Schedule, first: datetime, after: datetime) -> datetime:
    """The first moment of a schedule that is later than `after`.

    Whole intervals are counted from the first time, so that a late turn does not put off all that follow.
    """
    every = timedelta(seconds=schedule.every_seconds)
    turns = max(0, int((after - first) / every))
    due_at = first + every * (turns + 1)
    if schedule.at:
        hour, _colon, minute = schedule.at.partition(":")
        zone = timezone.get_current_timezone()
        local = due_at.astimezone(zone) if timezone.is_aware(due_at) else due_at
        due_at = local.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
        while due_at <= after:
            due_at += timedelta(days=1)
    return due_at


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
            raise StepTimeoutError(
                f'No message "{run.wait_key}" came within {step.node.policy.timeout_seconds:g} seconds.'
            )
        soon = timezone.now() + messages.SOON if messages.is_busy(run, str(run.wait_key), step.context.using) else None
        wait(step.track, Waiting.MESSAGE, soon or ends_at)
        return
    step.track.taken.append(message.pk)
    result = dump(message.data)
    step.register(result)
    _row(step, Status.SUCCEEDED, result)
    go_on(step.track, following(step.program.graph, step.node), result)


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
