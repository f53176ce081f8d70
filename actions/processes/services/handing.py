"""Who goes on with a run that can go on: the caller, or somebody else."""

from __future__ import annotations

from functools import partial

from django.db import transaction

from actions.conf import conf
from actions.processes.executor import go_on_inline, look_again
from actions.processes.models import Run
from actions.processes.runners import INLINE, get_runner
from actions.processes.states import Status
from actions.processes.store import Scope, Track
from actions.work import announce

WORKER = "worker"


def is_inline(in_background: bool | None = None) -> bool:
    """Whether a caller goes on with runs itself; where it is said that it does, whatever DJACTION_RUNNER is."""
    return conf.RUNNER == INLINE if in_background is None else not in_background


def is_handed_over() -> bool:
    """Whether runs are handed to a queue, and so are claimed for it when they are written."""
    return conf.RUNNER not in (INLINE, WORKER)


def hand_over(run: Run, using: str) -> None:
    """Have a run that was just written and is held gone on with elsewhere."""
    runner = get_runner()
    transaction.on_commit(
        partial(runner.hand_over, run.pk, run.fence, using, queue=run.queue), using=using, robust=True
    )


def go_on(run: Run, using: str) -> Run:
    """Go on with a run that is held, while the caller waits; the run as it has ended, or as it was last seen here."""
    track = Track(run, Scope(run, using))
    return go_on_inline([track], using).get(run.pk, run)


def refresh(run: Run, using: str) -> Run:
    """The run as it is now; one that a step of its own has removed meanwhile was cancelled."""
    try:
        run.refresh_from_db(using=using)
    except Run.DoesNotExist:
        run.status = Status.CANCELLED.value
    return run


def wake(run_id: int, using: str) -> None:
    """Have a run that was made due gone on with: here, or by a worker."""
    if is_inline():
        look_again(run_id, using=using)
    else:
        announce(using)
