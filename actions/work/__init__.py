"""The queue: rows that wait to be done later, whatever they are. It alone writes the columns of a lease.

    row = claim(PendingCall, using="default")        # nobody else gets it as long as the lease lasts
    with Hold(row) as hold:                          # renews the lease, writes the progress
        with transaction.atomic():
            ...                                      # the work
            finish(row)                              # removes the row, or rolls all of it back: somebody else has it

What keeps two workers apart is the row's `fence`, not the time. Whoever claims a row raises it, and whoever writes says
which fence he means. The clock only says when a row may be taken, and it is the application's, `timezone.now()`: what
is due was written by the application, tests can set it, and the databases' own clocks differ in zone and precision.
Where it jumps forward, or one machine's is ahead, a lease ends early: a row is worked on twice, and the fence lets only
the later one finish. Where it jumps back, rows wait longer, by the jump. Waits inside of a process go by a clock that
never jumps.
"""

from .heartbeat import Heartbeat, is_worker_alive
from .hold import Hold
from .leases import (
    LeaseLostError,
    backoff,
    claim,
    claim_row,
    finish,
    postpone,
    release,
    renew,
    set_aside,
    wake,
    was_interrupted,
)
from .waking import announce

__all__ = [
    "Heartbeat",
    "Hold",
    "LeaseLostError",
    "announce",
    "backoff",
    "claim",
    "claim_row",
    "finish",
    "is_worker_alive",
    "postpone",
    "release",
    "renew",
    "set_aside",
    "wake",
    "was_interrupted",
]
