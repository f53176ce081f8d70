"""Keeps a service running: started again whenever it ends by itself, later and later, until somebody stops it."""

from __future__ import annotations

import logging
import threading
import time

from django.db import Error, connections
from django.utils.translation import gettext as _

from actions import work
from actions.conf import conf
from actions.exceptions import ActionError
from actions.programs.definition import ProgramDefinition, from_mapping
from actions.programs.limits import Limits
from actions.programs.result import ProgramResult, Reason
from actions.programs.running import Said, run_program

from . import store
from .models import ProgramRun
from .watching import LOST, STOP, Watch, keeper

logger = logging.getLogger(__name__)

FIRST_WAIT_SECONDS = 1.0
LAST_WAIT_SECONDS = 60.0
"""After it has run for as long, a service is as good as new: the waits begin from the first again."""

_running: set[threading.Thread] = set()


def has_room() -> bool:
    """Whether this process may take another service."""
    return sum(thread.is_alive() for thread in list(_running)) < conf.PROGRAM_SERVICES


def keep_running(run: ProgramRun) -> None:
    """Start a service in a thread of its own; returns at once."""
    service = Service(run)
    thread = threading.Thread(target=service.carry_out, name=f"service {run.pk}")
    _running.difference_update([each for each in _running if not each.is_alive()])
    _running.add(thread)
    # Before the thread begins, so that nobody takes the run from one that is slow to begin.
    keeper.keep(service.watch)
    try:
        thread.start()
    except BaseException:
        # No more threads: another worker takes the run when its lease is over.
        keeper.forget(service.watch)
        raise


class Service:
    """One claimed run of a service."""

    def __init__(self, run: ProgramRun) -> None:
        self._run = run
        self._said = Said.within(Limits.from_settings())
        self._reported = 0
        self.watch = Watch(run, self._report)

    def carry_out(self) -> None:
        """All of it, in this thread."""
        try:
            store.begin(self._run)
            self._end(self._keep())
        except work.LeaseLostError as error:
            logger.warning("%s", error, extra={"run": self._run.pk})
        except Exception:
            # As if this worker had died: the run falls due again when its lease is over.
            logger.exception("The service of run %s was not kept running.", self._run.pk)
        finally:
            keeper.forget(self.watch)
            connections.close_all()

    def _keep(self) -> str:
        """Run it again and again; why it cannot be run any more, or "" where it has to end."""
        try:
            definition = from_mapping(self._run.version.definition)
        except ActionError as error:
            return str(error)
        failures = 0
        while not self.watch.should_end():
            began = time.monotonic()
            try:
                result = self._once(definition)
            except ActionError as error:
                return str(error)
            if self.watch.should_end():
                break
            failures = 1 if time.monotonic() - began > LAST_WAIT_SECONDS else failures + 1
            if result.reason is Reason.NOT_STARTED and failures >= conf.MAX_ATTEMPTS:
                return _("Tried %(count)s times. %(detail)s") % {"count": failures, "detail": result.explain()}
            logger.info("Service %s: %s It is started again.", self._run.pk, result.explain())
            self.watch.wait(min(FIRST_WAIT_SECONDS * 2 ** min(failures - 1, 10), LAST_WAIT_SECONDS))
            if not self.watch.should_end():
                store.restarted(self._run)
        return ""

    def _once(self, definition: ProgramDefinition) -> ProgramResult:
        given = None if self._run.input is None else bytes(self._run.input)
        return run_program(definition, input=given, should_stop=self.watch.should_end, said=self._said)

    def _end(self, problem: str) -> None:
        if self.watch.ending == LOST:
            logger.warning("Run %s is another worker's by now; its program has ended here.", self._run.pk)
        elif problem:
            store.fail(self._run, problem, self._said)
        elif self.watch.ending == STOP:
            store.cancel(self._run, self._said)
        else:
            self._report()
            store.give_back(self._run)

    def _report(self) -> None:
        """Write what it has said, if that is more than before."""
        size = self._said.output.size + self._said.stderr.size + self._said.stdout.size
        if size != self._reported:
            try:
                store.report(self._run, self._said)
            except Error as error:
                logger.warning("The log of run %s was not written: %s", self._run.pk, error)
            else:
                self._reported = size
