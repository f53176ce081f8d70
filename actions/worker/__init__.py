"""The worker: one process that does whatever is to be done later, one bounded piece after the other.

What there is to do is registered in `AppConfig.ready()`:

    worker.register_periodic("archive", lambda: timedelta(hours=1), archive_some)
    worker.register_queue("calls", databases, carry_out_next, PendingCall)

A worker looks into all queues of a database in one statement, and takes from those that have something due. What makes
a row due calls `actions.work.announce(using)`, so that the worker need not wait for its next look.
"""

from actions.work.waking import ring as wake

from .crew import Crew, StillWorkingError
from .looking import QueueSource
from .loop import Worker, current_worker, should_stop, stopped_by_signals
from .queue import Queue, queues, register_queue
from .served import DEFAULT_QUEUE, serve, served_queues
from .sources import PeriodicJob, PeriodicSource, Source, periodic_jobs, register_periodic

__all__ = [
    "DEFAULT_QUEUE",
    "Crew",
    "PeriodicJob",
    "PeriodicSource",
    "Queue",
    "QueueSource",
    "Source",
    "StillWorkingError",
    "Worker",
    "current_worker",
    "periodic_jobs",
    "queues",
    "register_periodic",
    "register_queue",
    "serve",
    "served_queues",
    "should_stop",
    "stopped_by_signals",
    "wake",
]
