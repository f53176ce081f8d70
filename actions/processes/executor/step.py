"""One try of one node: what its body is told, and where its values come from."""

from __future__ import annotations

import json
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
from actions.processes.exceptions import StepError
from actions.processes.graph import Node
from actions.processes.notes import INPUT, PREVIOUS, said
from actions.processes.store import State, Track
from actions.processes.values import dump

from .endings import ENDINGS, ended
from .look import Look
from .position import is_last_attempt
from .programs import Program
from .timing import limited


@dataclass(slots=True)
class Step:
    """A node that is being carried out."""

    track: Track
    program: Program
    node: Node
    context: StepContext
    started_at: datetime
    arguments: dict[str, Any] | None = None
    given: str = "{}"
    """JSON of the arguments as they were before the body had them, where a function may take the step back."""
    _look: Look | None = None

    @property
    def look(self) -> Look:
        """What finds the values of its expressions; many steps have none."""
        if self._look is None:
            context, scope = self.context, self.track.scope
            values = {
                "payload": scope.payload,
                "state": scope.data,
                "item": context.item,
                "input": context.input,
                "run": scope.facts,
            }
            self._look = Look(self.program, context, values, scope.fetch)
        return self._look

    def read_arguments(self) -> dict[str, Any]:
        """The values of the node's arguments.

        Raises:
            StepError: What takes the step back is to get one that cannot be kept.
        """
        if not self.node.args:
            self.arguments = {}
            return self.arguments
        look, graph, payload = self.look.value, self.program.graph, self.track.scope.payload
        self.arguments = {
            name: look(each) for name, each in self.node.args.items() if not is_left_out(graph, each, payload)
        }
        if self.node.policy.compensation:
            self.given = _kept(self.arguments)
        return self.arguments

    def original(self, result: str | None) -> str:
        """What what takes the step back will get, as a row keeps it; "" where no function does.

        Args:
            result: JSON of the step's result.
        """
        return f'{{"input": {self.given}, "result": {result or "null"}}}' if self.node.policy.compensation else ""

    def run(self) -> Any:
        """What the node's function answers to its arguments, within the time that it has."""
        arguments, seconds = self.read_arguments(), self.node.policy.timeout_seconds
        if seconds is None:
            return self.call(self.node.run, arguments)
        with limited(seconds, self.context.using):
            return self.call(self.node.run, arguments)

    def call(self, name: str, arguments: dict[str, Any]) -> Any:
        """Call a function of the process; what is logged meanwhile is the step's."""
        body = self.program.body(name)
        if _log not in logging.root.handlers:
            # Whoever configures logging anew, as a worker of Celery does, removes what was there.
            logging.root.addHandler(_log)
        token = current_step.set(self.context)
        try:
            return body(self.context, arguments)
        except ENDINGS as error:
            raise ended(error) from error
        finally:
            current_step.reset(token)

    def register(self, text: str) -> None:
        """Put a result into the state, where the node says so."""
        if self.node.register:
            self.track.scope.put(self.node.register, text)


def _kept(arguments: dict[str, Any]) -> str:
    texts = []
    for name, value in arguments.items():
        try:
            texts.append(f"{json.dumps(name)}: {dump(value)}")
        except StepError as error:
            raise StepError(
                f'The argument "{name}" is {type(value).__qualname__}, which cannot be kept for what takes the step '
                "back. Hand over JSON, or the instance of a model that has it."
            ) from error
    return f"{{{', '.join(texts)}}}"


def make_step(track: Track, program: Program, node: Node, begins_at: datetime | None = None) -> Step:
    """Begin a try, now or at a moment that has just been."""
    run, scope, note, number = track.run, track.scope, track.run.note, track.run.number
    answered = previous = None
    if type(note) is dict:
        answered, previous, note = note.get(INPUT), note.get(PREVIOUS), said(note)
    uid = scope.facts["uid"] if run.root_id is None else run.uid.hex
    # By their places: by their names they take half as long again.
    context = StepContext(
        run.process,
        node.name,
        scope.run_id,
        scope.uid,
        number,
        run.tries + 1,
        is_last_attempt(track, node),
        f"{uid}-{number}",
        scope.payload,
        State(scope),
        run.entered_at,
        scope.using,
        run.correlation_id,
        run.item,
        run.place,
        answered,
        previous,
        note,
    )
    context.get_actor = actor_of(run.actor_id, scope.using)
    return Step(track, program, node, context, begins_at or now())


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
            try:
                context.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")
            except Exception:  # noqa: BLE001 - a wrong log line is told of as everywhere, and fails nothing
                self.handleError(record)
        last = logging.lastResort
        if last is not None and record.levelno >= last.level and self._is_alone(record.name):
            # A project that has configured no logging sees its warnings as before.
            last.handle(record)

    def _is_alone(self, name: str) -> bool:
        logger: logging.Logger | None = logging.getLogger(name)
        while logger is not None:
            if any(each is not self for each in logger.handlers):
                return False
            logger = logger.parent if logger.propagate else None
        return True


_log = StepLog(logging.INFO)


__all__ = ["INPUT", "Step", "actor_of", "make_step"]
