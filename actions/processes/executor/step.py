"""One try of one node: what its body is told, and where its values come from."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser

from actions.moments import now
from actions.processes.arguments import is_left_out
from actions.processes.context import StepContext, current_step
from actions.processes.graph import Node
from actions.processes.store import State, Track

from .look import Look
from .position import is_last_attempt
from .programs import Program

INPUT = "input"
"""In a run's note: what was answered or received."""


@dataclass(slots=True)
class Step:
    """A node that is being carried out."""

    track: Track
    program: Program
    node: Node
    context: StepContext
    look: Look
    started_at: datetime
    arguments: dict[str, Any] | None = None

    def read_arguments(self) -> dict[str, Any]:
        """The values of the node's arguments."""
        look, graph, payload = self.look.value, self.program.graph, self.track.scope.payload
        self.arguments = {
            name: look(each) for name, each in self.node.args.items() if not is_left_out(graph, each, payload)
        }
        return self.arguments

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Call a function of the process; what is logged meanwhile is the step's."""
        body = self.program.body(name)
        token = current_step.set(self.context)
        try:
            return body(self.context, arguments)
        finally:
            current_step.reset(token)

    def register(self, text: str) -> None:
        """Put a result into the state, where the node says so."""
        if self.node.register:
            self.track.scope.put(self.node.register, text)


def make_step(track: Track, program: Program, node: Node) -> Step:
    """Begin a try."""
    run, scope = track.run, track.scope
    note = run.note
    answered = note.get(INPUT) if type(note) is dict else None
    context = StepContext(
        process=run.process,
        node=node.name,
        run_id=scope.run_id,
        run_uid=scope.uid,
        number=run.number,
        attempt=run.tries + 1,
        is_last_attempt=is_last_attempt(track, node),
        idempotency_key=f"{run.uid.hex}-{run.number}",
        payload=scope.payload,
        state=State(scope),
        entered_at=run.entered_at,
        using=scope.using,
        correlation_id=run.correlation_id,
        item=run.item,
        place=run.place,
        input=answered,
        note=note,
        get_actor=actor_of(run.actor_id, scope.using),
    )
    values = {
        "payload": scope.payload,
        "state": scope.data,
        "item": run.item,
        "input": answered,
        "run": scope.facts,
    }
    return Step(track, program, node, context, Look(program, context, values), now())


def actor_of(actor_id: str | None, using: str) -> Callable[[], Any]:
    """Reads the user of a key: an `AnonymousUser` where there is none, or none any more."""

    def read() -> Any:
        if actor_id is None:
            return AnonymousUser()
        return get_user_model()._default_manager.using(using).filter(pk=actor_id).first() or AnonymousUser()

    return read


class StepLog(logging.Handler):
    """Adds what is logged while a step runs to that step's log, and to no other."""

    def emit(self, record: logging.LogRecord) -> None:
        context = current_step.get()
        if context is not None:
            context.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


__all__ = ["INPUT", "Step", "StepLog", "actor_of", "make_step"]
