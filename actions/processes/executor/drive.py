"""Takes runs as far as they go: every step with the fact that it ran, as few commits as their declarations allow.

What has no effect is done first, for all runs at hand, and written together. What touches only this database shares one
transaction; where that fails, it is rolled back as a whole, and each step is done again in one of its own. All else has
a transaction of its own, or none.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from django.db import connections, transaction

from actions.conf import conf
from actions.exceptions import ActionError
from actions.moments import now
from actions.processes.exceptions import StepError
from actions.processes.graph import Kind, Node
from actions.processes.models import Run
from actions.processes.states import Status
from actions.processes.store import Settled, Track, claim_key, give_back, settle
from actions.work import LeaseLostError

from .connection import connected, is_cut_off, is_in_transaction, is_untouched
from .failing import fail
from .forgetting import forget_what_is_over
from .gates import Closed, look_at
from .keeper import keeper
from .position import stop, wait
from .programs import Program, Programs, VanishedError
from .sharing import Need, need_of
from .step import Step, make_step
from .telling import tell_of_ends
from .undoing import undo_next
from .waits import look
from .work import work

logger = logging.getLogger(__name__)

TURN_STEPS = 200
"""Steps of one run without a write; then it is written, so that memory and lost work stay bounded."""
TURN_SECONDS = 0.2
LEASE_SHARE = 10
"""Runs that were taken together are worked on together for that part of a lease; then others may take them."""
MOST_FAILURES = 100
"""Steps that may fail while a caller waits. What goes on after that is left to a worker: a step that its own failure
leads back to might go on for ever."""
APART = (Need.OWN, Need.OUTSIDE, Need.WAIT, Need.UNDO)
"""What is never done together with others."""


class Place(NamedTuple):
    """Where a run is."""

    need: Need
    program: Program
    node: Node


class _TogetherError(Exception):
    """A transaction that several runs share has failed."""


def never() -> bool:
    """For callers that do not stop in the middle."""
    return False


class Drive:
    """Some runs that are held, on one database."""

    def __init__(self, using: str, *, is_inline: bool, should_stop: Callable[[], bool] = never) -> None:
        """Begin with `run`.

        Args:
            using: The database.
            is_inline: Whether a caller waits: what is for the background is left to a worker, and branches are not.
            should_stop: Asked between steps; what is left then is given back.
        """
        self._using = using
        self._connection = connections[using]
        self._is_inline = is_inline
        self._should_stop = should_stop
        self._programs = Programs(using)
        self._live: list[Track] = []
        self._ended: dict[int, Run] = {}
        self._failures = 0
        self._apart_at = time.monotonic() + conf.LEASE_SECONDS / LEASE_SHARE

    def run(self, tracks: Iterable[Track]) -> dict[int, Run]:
        """Go on with runs until each waits, has ended, or is somebody else's; those that have ended here, by key."""
        self._take(tracks)
        try:
            while self._live:
                if self._should_stop():
                    self._give_back(self._live)
                elif not self._is_inline and len(self._live) > 1 and time.monotonic() > self._apart_at:
                    self._give_back(self._live[1:])
                else:
                    self._turn()
        finally:
            keeper.let_go(self._live, self._using)
        return self._ended

    def _take(self, tracks: Iterable[Track]) -> None:
        new = list(tracks)
        self._live += new
        keeper.hold(new, self._using)

    def _drop(self, tracks: Iterable[Track]) -> None:
        gone = {id(track) for track in tracks}
        dropped = [track for track in self._live if id(track) in gone]
        keeper.let_go(dropped, self._using)
        self._live = [track for track in self._live if id(track) not in gone]

    def _give_back(self, tracks: Sequence[Track]) -> None:
        given = list(tracks)
        settled = settle(given, self._using)
        give_back([*(track for track in given if not track.is_over), *settled.ready], now(), self._using)
        self._drop(given)

    # --- one turn: what is quick together, what is left one by one ----------------------------------------------------

    def _turn(self) -> None:
        stopped = [(track, self._go(track, Need.NOTHING)) for track in self._live]
        shared = [track for track, place in stopped if place and place.need is Need.SHARED and not track.is_alone]
        if shared:
            self._share(shared)
        self._write([track for track in self._live if track.is_over or self._is_at_limit(track)])
        places = dict(stopped) if not shared else {}
        for track in list(self._live):
            if track.is_over or self._should_stop():
                continue
            place = places.get(track) or self._place(track)
            if place is not None and (place.need in APART or (place.need is Need.SHARED and track.is_alone)):
                self._alone(track, place)
        self._write([track for track in self._live if track.is_over])

    @staticmethod
    def _is_at_limit(track: Track) -> bool:
        if not track.rows:
            return False
        age = now() - track.rows[0].started_at
        return len(track.rows) >= TURN_STEPS or age.total_seconds() > TURN_SECONDS

    def _place(self, track: Track) -> Place | None:
        """Where the run is; None where it goes no further here."""
        if track.is_over:
            return None
        if track.run.paused_at is not None:
            # Asked for while whoever held it was gone, or before it was taken.
            track.run.status, track.due = Status.PENDING.value, None
            track.has_moved = True
            return None
        program = self._program(track)
        if program is None:
            return None
        node = program.graph.nodes[track.run.node]
        if track.run.ends_as:
            return Place(Need.UNDO, program, node)
        if self._is_inline and node.policy.in_background:
            self._leave_to_worker(track, program, node)
            return None
        return Place(need_of(node, track.run.waiting_for), program, node)

    def _program(self, track: Track) -> Program | None:
        try:
            program = self._programs.of(track.run)
        except VanishedError as error:
            stop(track, str(error))
            return None
        if track.run.stopped_at is not None:
            track.run.stopped_at, track.run.error = None, None
            track.has_moved = True
        # The setting is asked for where there is reason to.
        if track.run.attempts > 1 and track.run.attempts > conf.MAX_ATTEMPTS:
            self._give_up(track, program, _cut_off(track.run))
            return None if track.is_over else program
        return program

    def _leave_to_worker(self, track: Track, program: Program, node: Node) -> None:
        """What is for the background is only looked at: it may have to wait in any case."""
        if node.policy.has_gates:
            try:
                gate = look_at(node.policy, make_step(track, program, node).look, track.run.entered_at)
            except Exception as error:  # noqa: BLE001 - the worker comes upon it, too, and there it is the step's
                logger.info("Run %s is left to a worker: %s", track.run.id, error)
            else:
                if isinstance(gate, Closed):
                    wait(track, gate.reason, gate.due_at)
                    return
        self._postpone(track)

    # --- without a transaction, or with a shared one ------------------------------------------------------------------

    def _go(self, track: Track, *needs: Need) -> Place | None:
        """Carry out steps that need no more than that, until one does, or it is time to write; where it is then."""
        ends_at, begins_at = time.monotonic() + TURN_SECONDS, None
        while (place := self._place(track)) is not None:
            need, program, node = place
            if need not in needs or len(track.rows) >= TURN_STEPS or time.monotonic() >= ends_at:
                return place
            snapshot, step = track.snapshot(), None
            try:
                step = make_step(track, program, node, begins_at)
                work(step)
            except Exception as error:
                if needs != (Need.NOTHING,):
                    raise _TogetherError from error
                track.restore(snapshot)
                self._fail(track, Place(place.need, program, node), error, step)
            # The next one follows at once.
            begins_at = track.run.entered_at
        return None

    def _share(self, tracks: Sequence[Track]) -> None:
        """Do steps of several runs in one transaction; one by one where that fails."""
        snapshots, raw = [track.snapshot() for track in tracks], connected(self._connection)
        try:
            with transaction.atomic(using=self._using):
                for track in tracks:
                    self._go(track, Need.NOTHING, Need.SHARED)
                settled = settle(tracks, self._using)
                if settled.written.lost:
                    raise _TogetherError  # noqa: TRY301 - it rolls back
        except Exception as error:  # noqa: BLE001 - whatever it is, each step meets it again by itself
            if is_cut_off(error, raw, self._connection):
                self._drop(tracks)
                return
            if not isinstance(error, _TogetherError):
                logger.info("Steps of %s runs are done one by one: %s", len(tracks), error)
            for track, snapshot in reversed(list(zip(tracks, snapshots, strict=True))):
                track.restore(snapshot)
                track.is_alone = True
            return
        self._after(tracks, settled)

    # --- one by one ---------------------------------------------------------------------------------------------------

    def _alone(self, track: Track, place: Place) -> None:
        need, program, node = place
        if need is Need.UNDO:
            self._undo(track, program)
            return
        if need is Need.OUTSIDE and not self._is_outside(track):
            return
        snapshot, step = track.snapshot(), None
        raw = None if need is Need.OUTSIDE else connected(self._connection)
        try:
            step = make_step(track, program, node)
            if need is Need.OUTSIDE:
                work(step)
                self._write([track])
            else:
                self._in_transaction(step, need)
        except LeaseLostError as error:
            logger.warning("%s", error)
            self._drop([track])
        except Exception as error:  # noqa: BLE001 - whatever a step raises is its failure
            if is_cut_off(error, raw, self._connection):
                self._drop([track])
                return
            track.restore(snapshot)
            self._fail(track, place, error, step)
            self._write([track])

    def _is_outside(self, track: Track) -> bool:
        """Get ready for a step that acts outside of the database; False where that has to wait or the run is gone.

        What was done before it is written, so that only this step is done again after a crash. Inside of a caller's
        transaction, which may be rolled back, it waits for the commit.
        """
        if self._is_inline and is_in_transaction(self._using):
            self._postpone(track)
            transaction.on_commit(partial(self._go_on, track.run.id), using=self._using, robust=True)
        if track.rows or track.is_over:
            self._write([track])
        return track in self._live

    def _go_on(self, run_id: int) -> None:
        """After the commit: who has the run by then, does it."""
        track = claim_key(run_id, self._using)
        if track is not None:
            Drive(self._using, is_inline=True).run([track])

    @staticmethod
    def _postpone(track: Track) -> None:
        track.run.status = Status.PENDING.value
        track.due = now()
        track.has_moved = True

    def _in_transaction(self, step: Step, need: Need) -> None:
        """Body and checkpoint in one transaction; in one statement where the body has not touched the database."""
        track, settled, begun = step.track, None, []
        with transaction.atomic(using=self._using):
            if need is Need.WAIT:
                begun = look(step, is_inline=self._is_inline)
                track.note_changes()
            else:
                self._work(step)
            if not is_untouched(self._connection):
                settled = self._settle_here(track)
        if settled is None:
            self._write([track])
        else:
            self._after([track], settled)
        if begun:
            self._take(begun)

    def _work(self, step: Step) -> None:
        """Do the work; of an action that is refused, the record stays."""
        if step.node.kind is not Kind.ACTION:
            work(step)
            return
        snapshot = step.track.snapshot()
        try:
            work(step)
        except ActionError as error:
            # It has rolled back what it did by itself, and has written that it failed: that is kept, with the step.
            step.track.restore(snapshot)
            fail(step.track, step.program, step.node, error, step.started_at, step)

    def _settle_here(self, track: Track) -> Settled:
        settled = settle([track], self._using)
        if settled.written.lost:
            raise LeaseLostError(f"Run {track.run.id} is somebody else's: what its step did is rolled back.")
        return settled

    def _undo(self, track: Track, program: Program) -> None:
        try:
            settled = undo_next(track, program, self._programs, self._using)
        except LeaseLostError as error:
            logger.warning("%s", error)
            self._drop([track])
            return
        self._after([track], settled)

    def _fail(self, track: Track, place: Place, error: Exception, step: Step | None) -> None:
        fail(track, place.program, place.node, error, step.started_at if step is not None else now(), step)
        self._failures += 1
        if self._is_inline and self._failures > MOST_FAILURES and not track.is_over:
            self._postpone(track)

    def _give_up(self, track: Track, program: Program, error: Exception) -> None:
        node = program.graph.nodes[track.run.node]
        track.run.attempts = 0
        fail(track, program, node, error, now(), None)

    # --- writing ------------------------------------------------------------------------------------------------------

    def _write(self, tracks: Sequence[Track]) -> None:
        if tracks:
            self._after(tracks, settle(tracks, self._using))

    def _after(self, tracks: Sequence[Track], settled: Settled) -> None:
        """Go on with what writing has set free, and let go of what goes no further here."""
        written = settled.written
        for track in written.lost:
            logger.warning("Run %s is somebody else's: what was done for it is dropped.", track.run.id)
        gone = [*written.lost, *written.paused, *(track for track in tracks if track.is_over)]
        if self._is_inline:
            lost = set(map(id, written.lost))
            self._ended |= {each.run.id: each.run for each in gone if each.run.is_finished and id(each) not in lost}
        if gone:
            self._drop(gone)
            ended = [track.run for track in gone if track not in written.lost]
            forget_what_is_over(ended, self._programs, self._using)
            tell_of_ends(ended, self._using)
        if settled.ready:
            self._take(settled.ready)


def _cut_off(run: Run) -> StepError:
    return StepError(
        f"Begun {run.attempts - 1} times, and never brought to an end: whoever worked on it was cut off each time."
    )
