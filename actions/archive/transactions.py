"""Short transactions that give way to others."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import wraps
from random import uniform
from typing import Concatenate, ParamSpec, TypeVar

from django.db import OperationalError, connections, transaction

logger = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

TRIES = 5
LONGEST_PAUSE_SECONDS = 0.2


def own_transaction(function: Callable[Concatenate[str, P], R]) -> Callable[Concatenate[str, P], R]:
    """Have a function, whose first argument is the database, run in a transaction that is nobody else's.

    Where the database has given it up in favour of another one (a deadlock, a lock that was not free in time), it runs
    again after a short pause: what it did is undone, and it begins by looking what is there.

    Raises:
        RuntimeError: The caller is in a transaction.
    """

    @wraps(function)
    def run(using: str, /, *args: P.args, **kwargs: P.kwargs) -> R:
        for number in range(1, TRIES):
            try:
                with transaction.atomic(using=using, durable=True):
                    return function(using, *args, **kwargs)
            except OperationalError as error:
                # A connection that is lost, or is in a transaction that a test has around this, cannot go on.
                if not connections[using].is_usable():
                    raise
                logger.info("archiving once more: %s", error, extra={"database": using, "try": number})
                time.sleep(uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311 - a pause, no secret
        with transaction.atomic(using=using, durable=True):
            return function(using, *args, **kwargs)

    return run
