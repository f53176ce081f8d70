"""The worker: one process that does whatever is to be done later, one bounded piece after the other.

What there is to do is registered in `AppConfig.ready()`:

    worker.register_periodic("archive", lambda: timedelta(hours=1), archive_some)
    worker.register_queue("calls", databases, carry_out_next)
"""

from .loop import Worker, stopped_by_signals
from .sources import (
    PeriodicJob,
    PeriodicSource,
    Queue,
    QueueSource,
    Source,
    periodic_jobs,
    queues,
    register_periodic,
    register_queue,
)

__all__ = [
    "PeriodicJob",
    "PeriodicSource",
    "Queue",
    "QueueSource",
    "Source",
    "Worker",
    "periodic_jobs",
    "queues",
    "register_periodic",
    "register_queue",
    "stopped_by_signals",
]
