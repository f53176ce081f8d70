"""Does once more what the database has given up: of two that wait for each other it ends one."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from random import uniform
from typing import TypeVar

from django.db import OperationalError, connections

logger = logging.getLogger(__name__)

T = TypeVar("T")

TRIES = 5
LONGEST_PAUSE_SECONDS = 0.05


def giving_way(do: Callable[[], T], using: str) -> T:
    """What a function returns that does a transaction of its own, or a statement. Of what is given up nothing is done.

    Inside of a transaction of the caller's, which is given up with it, it is called once.

    Raises:
        OperationalError: It was given up each time.
    """
    for _number in range(1, TRIES):
        try:
            return do()
        except OperationalError as error:
            connection = connections[using]
            if connection.in_atomic_block or not connection.is_usable():
                raise
            logger.info("Done once more: %s", error, extra={"database": using})
            time.sleep(uniform(0, LONGEST_PAUSE_SECONDS))  # noqa: S311 - a pause, no secret
    return do()
