"""What state a database connection is in: whether a transaction has begun, or was lost."""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError, InterfaceError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)


def connected(connection: BaseDatabaseWrapper) -> Any:
    """The driver's connection."""
    connection.ensure_connection()
    return connection.connection


def is_cut_off(error: Exception, raw: Any, connection: BaseDatabaseWrapper) -> bool:
    """Whether the database was lost in the middle of a step: nobody knows what of the step is committed.

    Args:
        error: What was raised.
        raw: The driver's connection that the step's transaction had; None: there was none. Django makes a new one in
            the place of a broken one.
        connection: Django's.
    """
    is_same = raw is None or connection.connection is raw
    if is_same and (not isinstance(error, DatabaseError | InterfaceError) or _answers(connection)):
        return False
    logger.error("The database was lost in the middle of a step: %s", error, extra={"database": connection.alias})
    if not connection.in_atomic_block:
        connection.close()
    return True


def _answers(connection: BaseDatabaseWrapper) -> bool:
    return connection.connection is not None and connection.is_usable()


def is_untouched(connection: BaseDatabaseWrapper) -> bool:
    """Whether nothing was sent in the transaction that Django has begun, and nothing waits for its commit.

    PostgreSQL's driver begins a transaction with the first statement.
    """
    if connection.vendor != "postgresql" or connection.run_on_commit or len(connection.atomic_blocks) != 1:
        return False
    raw = connection.connection
    return raw is None or raw.info.transaction_status.name == "IDLE"


def is_in_transaction(using: str) -> bool:
    """Whether a transaction is open that is not a test's own."""
    return any(not getattr(block, "_from_testcase", False) for block in connections[using].atomic_blocks)
