"""A transaction: the one that there is already, else one of its own."""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper


class _Joined:
    """As `atomic(savepoint=False)` inside of a transaction, without what that takes for each step."""

    __slots__ = ("_connection",)

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self._connection = connection

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _at: TracebackType | None
    ) -> None:
        if kind is not None:
            # Whoever catches it cannot keep the half that was done.
            self._connection.needs_rollback = True


def joined(connection: BaseDatabaseWrapper) -> AbstractContextManager[None]:
    """Have what is in the block be done as a whole."""
    return _Joined(connection) if connection.in_atomic_block else transaction.atomic(using=connection.alias)
