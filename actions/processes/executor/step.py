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
from actions.processes.notes import INPUT, PREVIOUS, said
from actions.processes.store import State, Track

from .look import Look
from .position import is_last_attempt
from .programs import Program


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
        if _log not in logging.root.handlers:
            # Whoever configures logging anew, as a worker of Celery does, removes what was there.
            logging.root.addHandler(_log)
        token = current_step.set(self.context)
        try:
            return body(self.context, arguments)
        finally:
            current_step.reset(token)

    def register(self, text: str) -> None:
        """Put a result into the state, where the node says so."""
        if self.node.register:
            self.track.scope.put(self.node.register, text)


def make_step(track: Track, program: Program, node: Node, begins_at: datetime | None = None) -> Step:
    """Begin a try, now or at a moment that has just been."""
    run, scope, note = track.run, track.scope, track.run.note
    answered = previous = None
    if type(note) is dict:
        answered, previous, note = note.get(INPUT), note.get(PREVIOUS), said(note)
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
        previous=previous,
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
    return Step(track, program, node, context, Look(program, context, values, scope.fetch), begins_at or now())


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


_log = StepLog(logging.INFO)


__all__ = ["INPUT", "Step", "actor_of", "make_step"]
