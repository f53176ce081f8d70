"""Tells workers that something has fallen due, so that they need not wait for their next look.

    announce(using)         # from whatever makes a row due, inside of its transaction or after it

Workers in this process are rung. Those in other processes are notified where DJACTION_NOTIFY asks for it and the
database can. It is a hint and nothing more: a worker that does not get it finds the row when it looks next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from django.db import connections, transaction

from actions.conf import conf

from .notifying import notify

Bell = Callable[[], object]

_bells: tuple[Bell, ...] = ()
"""Replaced and never changed, as other threads go through it."""


def announce(using: str) -> None:
    """Have workers look into a database when what was written there stays; at once outside of a transaction.

    Cheap, and as often as one likes: what falls together is told once.
    """
    if _bells or conf.NOTIFY:
        transaction.on_commit(partial(_tell, using), using=using, robust=True)


def ring() -> None:
    """Wake the workers of this process, where there are any. May be called from any thread."""
    for bell in _bells:
        bell()


@contextmanager
def heard(bell: Bell) -> Iterator[None]:
    """Have a bell rung for as long as the block lasts."""
    global _bells  # noqa: PLW0603 - what runs in a process is the process's
    _bells = (*_bells, bell)
    try:
        yield
    finally:
        _bells = tuple(each for each in _bells if each is not bell)


def _tell(using: str) -> None:
    ring()
    if conf.NOTIFY and connections[using].vendor == "postgresql":
        notify(using)
