"""Runs a program: from its definition to its result, in the caller's thread.

    result = run_program(definition, input=b"hello")
    if not result.is_success:
        raise StepError(result.explain())

When this returns, nothing of the program is left: no process, no file but those that its definition names for others,
no pipe and no port. The same holds when the caller is killed; see `supervisor`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from .definition import ProgramDefinition
from .files import write_all
from .inputs import Given
from .limits import Limits
from .permits import user
from .place import Place
from .preparing import Prepared, prepare
from .result import ProgramResult, Reason
from .sources import NotMadeError, PipeSource
from .starting import Supervised
from .tails import Tail
from .transfers import Guard, Tap, Transfer, move

LOOK_SECONDS = 0.2
"""How often `should_stop` is asked."""


@dataclass(slots=True)
class Said:
    """What a program has said so far; may be looked at from other threads while it runs."""

    output: Tail
    stdout: Tail
    stderr: Tail

    @classmethod
    def within(cls, limits: Limits) -> Said:
        """Nothing yet."""
        return cls(Tail(limits.output), Tail(limits.output), Tail(limits.output))


def run_program(
    definition: ProgramDefinition,
    *,
    input: Given = None,
    output: Path | None = None,
    should_stop: Callable[[], bool] = lambda: False,
    on_event: Callable[[dict[str, Any]], object] = lambda event: None,
    said: Said | None = None,
) -> ProgramResult:
    """Run a program to its end.

    Args:
        definition: What to run. A service runs until it ends by itself, or is stopped: nobody starts it again here.
        input: What its input adapter gives it. A path may be of any size; it is the caller's, and no setting names it.
        output: A file that gets all that the output adapter takes, beside the part that is kept.
        should_stop: Asked a few times a second; True: the program is told to end.
        on_event: Told what the supervisor says, such as {"event": "started", "pid": 7}.
        said: Where what it says is kept; several runs may share it.

    Raises:
        ProgramNotPermittedError: A setting would have to allow it. Nothing was started.
    """
    limits, began = Limits.from_settings(), time.monotonic()
    said = said or Said.within(limits)
    place = Place(definition.cwd, user())
    try:
        with place:
            taps = _taps(output, place)
            prepared = prepare(definition, input, place, limits)
            with Supervised(has_input=prepared.feed.has_stdin) as supervised:
                run = Run(prepared, supervised, said, definition, taps)
                facts = run.carry_out(should_stop, on_event, limits.grace)
    except OSError as error:
        facts = {"reason": Reason.ADAPTER, "detail": str(error)}
    return ProgramResult(
        duration=time.monotonic() - began,
        output=said.output.kept(),
        stdout=said.stdout.kept(),
        stderr=said.stderr.kept(),
        **facts,
    )


def _taps(output: Path | None, place: Place) -> tuple[Tap, ...]:
    if output is None:
        return ()
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    place.stack.callback(os.close, descriptor)
    return (partial(write_all, descriptor),)


class Run:
    """One program while it runs."""

    def __init__(
        self,
        prepared: Prepared,
        supervised: Supervised,
        said: Said,
        definition: ProgramDefinition,
        taps: tuple[Tap, ...],
    ) -> None:
        self._prepared = prepared
        self._supervised = supervised
        self._guard = Guard()
        self._facts: dict[str, Any] = {}
        self._ended: dict[str, Any] | None = None
        self._ended_at = 0.0
        self._is_stopped = False
        self._connect(said, definition, taps)

    def _connect(self, said: Said, definition: ProgramDefinition, others: tuple[Tap, ...]) -> None:
        """Make the transfers."""
        feed, drain = self._prepared.feed, self._prepared.drain
        stdin, *outs = self._supervised.take_streams()
        self._feeding = feed.transfer(stdin, definition.input_adapter.chunk_size)
        chunk_size = definition.output_adapter.chunk_size
        taken: tuple[Tap, ...] = (*((drain.tap,) if drain.tap else ()), said.output.add, *others)
        drain_sink, drain_source = drain.take()
        self._draining: list[Transfer] = []
        for name, descriptor, tail in zip(("STDOUT", "STDERR"), outs, (said.stdout, said.stderr), strict=True):
            sink, taps = (drain_sink, taken) if drain.stream == name else (None, (tail.add,))
            self._draining.append(Transfer(PipeSource(descriptor), sink, chunk_size, taps))
        if drain_source is not None:
            self._draining.append(Transfer(drain_source, None, chunk_size, taken))

    def carry_out(
        self, should_stop: Callable[[], bool], on_event: Callable[[dict[str, Any]], object], grace: float
    ) -> dict[str, Any]:
        """Run it; what the result says of it."""
        try:
            self._supervised.say(self._prepared.spec)
            while not self._is_over(grace):
                if not self._is_stopped and (self._guard.error or should_stop()):
                    self._is_stopped = True
                    self._supervised.say({"stop": True})
                self._move(on_event)
            return self._result()
        finally:
            for transfer in self._transfers():
                transfer.close()
            self._supervised.say({"done": True})

    def _transfers(self) -> list[Transfer]:
        found = [*self._draining, *((self._feeding,) if self._feeding is not None else ())]
        return [transfer for transfer in found if not transfer.is_over]

    def _move(self, on_event: Callable[[dict[str, Any]], object]) -> None:
        control = [] if self._supervised.is_closed else [self._supervised.fileno()]
        if move(self._transfers(), self._guard, control, LOOK_SECONDS):
            for message, made in self._supervised.hear():
                if made is not None:
                    self._prepared.ports[message["name"]].take(made)
                elif message["event"] == "started":
                    self._facts["network"] = message["network"]
                    on_event(message)
                else:
                    self._end(message)
            if self._supervised.is_closed and self._ended is None:
                self._end({"event": "lost"})

    def _end(self, message: dict[str, Any]) -> None:
        """The program is over. What it has left in pipes and files is still to be taken."""
        self._ended, self._ended_at = message, time.monotonic()
        for transfer in self._draining:
            transfer.finish()
        if self._feeding is not None:
            self._facts["input_size"] = self._feeding.moved
            self._feeding.close()

    def _is_over(self, grace: float) -> bool:
        """Whether there is nothing more to do. Who does not take the output is waited for no longer than a while."""
        if self._ended is None:
            return False
        for transfer in self._transfers():
            if time.monotonic() > max(transfer.moved_at, self._ended_at) + grace:
                transfer.give_up()
        return not self._transfers()

    def _result(self) -> dict[str, Any]:
        assert self._ended is not None  # noqa: S101 - that is what was waited for
        event = self._ended.pop("event")
        if event == "failed":
            return {**self._facts, "reason": Reason.NOT_STARTED, "detail": self._ended["error"]}
        reason = Reason.LOST if event == "lost" else Reason(self._ended["reason"])
        facts = {**self._facts, **self._ended, "reason": reason}
        if self._is_adapters_fault(facts):
            facts.update(reason=Reason.ADAPTER, detail=str(self._guard.error))
        return facts

    def _is_adapters_fault(self, facts: dict[str, Any]) -> bool:
        """Whether its data could not be moved, whatever has ended it then: our signal, a broken pipe, or itself.

        A file that it has not made is no more than a sign that it has failed, unless it says that it has not.
        """
        is_success = facts["reason"] is Reason.EXITED and facts["exit_code"] == 0
        return self._guard.error is not None and (is_success or not isinstance(self._guard.error, NotMadeError))
