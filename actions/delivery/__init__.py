"""The way of a delivery, from the outbox to its receiver.

    waiting ──→ delivered
       │ ↑   ╲→ followed ──→ delivered        (the receiver is asked until it has come to an end)
       ↓ │
      dead ──→ discarded

A worker claims a delivery and commits that, sends it outside of any transaction, and writes what came of it, guarded by
the fence. Whoever dies in between leaves a row that falls due again: a message arrives at least once, and always with
the same number. A message that is not taken is tried again, later and later, for DJACTION_DELIVERY_RETRY_MINUTES.

A receiver that fails holds up nobody else: its hook is paused (`HookState`), and all that waits for it with it.

Where an order is kept, only the first open delivery of an order key is ever due: the others are parked when they are
claimed too early, and woken, one, by the one before them.
"""

from .health import enable
from .sending import databases, deliver, deliver_next, deliver_posted
from .upkeep import discard, removal_interval, remove_old, retry

__all__ = [
    "databases",
    "deliver",
    "deliver_next",
    "deliver_posted",
    "discard",
    "enable",
    "removal_interval",
    "remove_old",
    "retry",
]
