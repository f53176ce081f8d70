"""Inputs as steps: asked, waited for, taken; and how long is waited for anything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.utils import timezone

from actions.processes.exceptions import StepTimeoutError
from actions.processes.notes import BY, INPUT
from actions.processes.planner import following
from actions.processes.states import Status, Waiting
from actions.processes.values import dump

from .asking import check_page, task_of
from .gates import is_skipped, next_look, skips_at
from .masking import shown
from .position import go_on, step_row, wait
from .step import Step
from .work import skip


def ask(step: Step) -> None:
    """Open the task, and wait.

    Raises:
        StepError: It cannot be asked: nobody is named, or its form cannot be made; and whatever the process raises.
    """
    check_page(step)
    expires_at = _expiry(step)
    step.track.opened = task_of(step, expires_at)
    wait(step.track, Waiting.INPUT, next_look(step.node.policy, expires_at))


def look_at_input(step: Step) -> None:
    """Take the answer; without one wait on, or leave the node where it is not wanted any more.

    Raises:
        StepTimeoutError: It has waited too long.
    """
    run, note = step.track.run, step.track.run.note
    if not (isinstance(note, Mapping) and INPUT in note):
        _keep_asking(step)
        return
    result = dump(note[INPUT])
    step.register(result)
    if step.node.register_by:
        step.track.scope.put(step.node.register_by, dump(_key_of(note.get(BY))))
    row = step_row(step.track, Status.SUCCEEDED, step.started_at, input={"by": note.get(BY)})
    row.result = shown(note[INPUT], step)
    row.original = step.original(result)
    go_on(step.track, following(step.program.graph, step.node), None if step.node.is_prelude else result)
    if step.node.is_prelude and run.note is not None:
        run.note = {**run.note, INPUT: note[INPUT]}


def _key_of(by: Any) -> Any:
    """The key of the user who answered, as the user model has it."""
    key = by.get("id") if isinstance(by, Mapping) else None
    return None if key is None else get_user_model()._meta.pk.to_python(key)


def _keep_asking(step: Step) -> None:
    policy, entered_at = step.node.policy, step.track.run.entered_at
    if is_skipped(policy, step.look, entered_at):
        step.track.opened = False
        skip(step)
        return
    keep_waiting(step, Waiting.INPUT, next_look(policy, _expiry(step)))


def keep_waiting(step: Step, reason: Waiting, look_at: datetime | None = None) -> None:
    """Wait on.

    Args:
        step: The node.
        reason: For what.
        look_at: When it is looked at again; None: when it is too late.

    Raises:
        StepTimeoutError: It is too late.
    """
    ends_at = limit(step)
    if ends_at is not None and timezone.now() >= ends_at:
        raise StepTimeoutError(f"Nothing came within {step.node.policy.timeout_seconds:g} seconds.")
    wait(step.track, reason, look_at or ends_at)


def _expiry(step: Step) -> datetime | None:
    """Until when it can be answered: then it is skipped, or has failed."""
    skip_at = skips_at(step.node.policy, step.look, step.track.run.entered_at)
    return min((each for each in (skip_at, limit(step)) if each is not None), default=None)


def limit(step: Step) -> datetime | None:
    """When it is too late for what a node waits for."""
    timeout = step.node.policy.timeout_seconds
    return None if timeout is None else step.track.run.entered_at + timedelta(seconds=timeout)
