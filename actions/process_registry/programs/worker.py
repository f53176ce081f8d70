"""What the worker does for programs: takes runs of its queues that are due.

A single program runs in the worker's thread, as a step does. A service gets a thread of its own, so that it keeps no
worker from its other work; one worker has no more of them than DJACTION_PROGRAM_SERVICES.
"""

from __future__ import annotations

import logging
import threading

from django.db import router
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from actions import work
from actions.conf import conf
from actions.exceptions import ActionError
from actions.programs.definition import from_mapping
from actions.programs.limits import Limits
from actions.programs.running import Said, run_program
from actions.worker import current_worker, register_queue, served_queues

from . import store
from .keeping import has_room, keep_running
from .models import ProgramRun
from .watching import LOST, STOP, WORKER, Watch, keeper

logger = logging.getLogger(__name__)

_taking = threading.Lock()


def register() -> None:
    """Have workers run programs."""
    register_queue("programs", databases, take_next, ProgramRun, due_here)


def databases() -> list[str]:
    """Where the runs are."""
    return [router.db_for_write(ProgramRun)]


def due_here() -> list[Q]:
    """Which runs this worker looks for."""
    return [Q(queue=queue, is_service=is_service) for queue, is_service in _kinds()]


def take_next(using: str) -> bool:
    """Take the run that has been due longest, of any of this worker's queues; False where none is due."""
    return any(
        _take_service(queue, using) if is_service else _take(queue, using, is_service=False)
        for queue, is_service in _kinds()
    )


def _kinds() -> list[tuple[str, bool]]:
    """Queues, and whether of services."""
    kinds = [False, True] if _takes_services() else [False]
    return [(queue, kind) for queue in served_queues() for kind in kinds]


def _take_service(queue: str, using: str) -> bool:
    # The threads of a worker one by one, or all of them would find the last room.
    with _taking:
        return has_room() and _take(queue, using, is_service=True)


def _take(queue: str, using: str, *, is_service: bool) -> bool:
    run = _claim(Q(queue=queue, is_service=is_service), using)
    if run is not None:
        _work_on(run)
    return run is not None


def _takes_services() -> bool:
    """Not a worker that ends when it has done what is due, as from cron."""
    worker = current_worker()
    return (worker is None or worker.is_lasting) and has_room()


def _claim(condition: Q, using: str) -> ProgramRun | None:
    rows = ProgramRun.objects.using(using).filter(condition, due_at__lte=timezone.now()).order_by("due_at")
    # Each turn after the first one means that somebody else has got a row.
    while (key := rows.values_list("pk", flat=True).first()) is not None:
        if (run := work.claim_row(ProgramRun, key, using=using)) is not None:
            return run
    return None


def _work_on(run: ProgramRun) -> None:
    try:
        if run.stop_requested_at is not None:
            store.cancel(run, Said.within(Limits.from_settings()))
        elif run.is_service:
            keep_running(run)
        elif run.attempts > conf.MAX_ATTEMPTS and work.was_interrupted(run):
            text = _("Begun %(count)s times, and never brought to an end.")
            store.fail(run, text % {"count": run.attempts - 1})
        else:
            _run_once(run)
    except work.LeaseLostError as error:
        logger.warning("%s", error, extra={"run": run.pk})
    except Exception:
        # Nobody knows how far it came: as if this worker had died, it falls due again when the lease is over.
        logger.exception("Run %s of a program was not brought to an end.", run.pk)


def _run_once(run: ProgramRun) -> None:
    """Run a single program to its end."""
    watch, said = Watch(run), Said.within(Limits.from_settings())
    keeper.keep(watch)
    try:
        store.begin(run)
        given = None if run.input is None else bytes(run.input)
        definition = from_mapping(run.version.definition)
        result = run_program(definition, input=given, should_stop=watch.should_end, said=said)
    except ActionError as error:
        store.fail(run, str(error))
        return
    finally:
        keeper.forget(watch)
    ending = "" if result.is_success else watch.ending
    if ending == LOST:
        logger.warning("Run %s is another worker's by now; its program has ended here.", run.pk)
    elif ending == WORKER:
        store.give_back(run)
    elif ending == STOP:
        store.cancel(run, said)
    else:
        store.end(run, result)
