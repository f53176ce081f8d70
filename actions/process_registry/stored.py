"""Stored processes as the engine sees them: a source of `actions.processes.registry.processes`.

Every process of an installation (web servers, workers) learns of a change within `CHECK_SECONDS`: it compares the one
row of `RegistryStamp` with the value that it has seen. One small query in that time, and none for processes of the
code. What a process is made of is compiled when it is first asked for, and kept by its fingerprint.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from threading import RLock
from typing import Any, NamedTuple
from uuid import uuid4

from django.db import DatabaseError, connections, router, transaction

from actions.processes.process import Process
from actions.processes.registry import processes

from .checking import compile_stored
from .models import DefinitionVersion, Kind, ProcessDefinition, RegistryStamp
from .permissions import is_open_to

logger = logging.getLogger(__name__)

CHECK_SECONDS = 1.0
STAMP_KEY = 1
MOST_OLD_ONES = 1000
"""Older definitions that are remembered at the most."""


class _Row(NamedTuple):
    """A stored process, as far as it is read before somebody asks for it."""

    key: int
    version: int
    fingerprint: str
    owner_id: str | None
    is_shared: bool


class StoredProcesses:
    """See `actions.processes.registry.ProcessSource`. Where the database has no answer, what is known stays."""

    def __init__(self) -> None:
        self._lock = RLock()
        self.forget()

    def ids(self) -> Iterable[str]:
        """The ids of all processes that are stored now."""
        return list(self._current())

    def get(self, process_id: str) -> Process | None:
        """The newest version; None where there is none, or where it cannot be compiled any more."""
        row = self._current().get(process_id)
        if row is None:
            return None
        known = self._compiled.get(process_id)
        if known is None or known[0] != row:
            asked = self._asked(lambda: (_compiled(row),))
            if asked is None:
                return None
            # One that cannot be compiled is known, too: it is not tried again until it changes.
            known = self._compiled[process_id] = (row, asked[0])
        return known[1]

    def older(self, process_id: str, fingerprint: str) -> Process | None:
        """A version by the fingerprint of its graph, whatever has become of its definition."""
        key = (process_id, fingerprint)
        if key not in self._older:
            found = self._asked(partial(_older, process_id, fingerprint))
            if found is None:
                return None
            if len(self._older) >= MOST_OLD_ONES:
                self._older.clear()
            self._older[key] = found
        return self._older[key]

    def look_again(self) -> None:
        """Compare the stamp at the next question, whenever the last one was."""
        self._looked_at = 0.0

    def forget(self) -> None:
        """Know nothing."""
        with self._lock:
            self._stamp: str | None = None
            self._looked_at = 0.0
            self._rows: dict[str, _Row] = {}
            self._compiled: dict[str, tuple[_Row, Process | None]] = {}
            self._older: dict[tuple[str, str], Process] = {}

    def _current(self) -> dict[str, _Row]:
        if time.monotonic() - self._looked_at < CHECK_SECONDS:
            return self._rows
        with self._lock:
            if time.monotonic() - self._looked_at >= CHECK_SECONDS:
                self._asked(self._refresh)
                self._looked_at = time.monotonic()
        return self._rows

    def _refresh(self) -> bool:
        stamp = read_stamp()
        if stamp != self._stamp:
            # The stamp first: what changes between the two is read again the next time.
            self._rows, self._stamp = _read_rows(), stamp
            self._compiled = {key: known for key, known in self._compiled.items() if known[0] == self._rows.get(key)}
        return True

    @staticmethod
    def _asked(ask: Callable[[], Any]) -> Any:
        """What the database answers; None where it has none to give: no table yet, or a transaction that is broken."""
        if connections[_using()].needs_rollback:
            return None
        try:
            # A failed query would break the transaction of whoever asks.
            with transaction.atomic(using=_using()) if connections[_using()].in_atomic_block else _Plain():
                return ask()
        except DatabaseError as error:
            logger.warning("Stored processes cannot be read: %s", error)
            return None


class _Plain:
    """No transaction."""

    def __enter__(self) -> None: ...

    def __exit__(self, *_error: object) -> None: ...


stored = StoredProcesses()
"""Of this process."""


def touch(using: str) -> None:
    """Say that a stored process has changed; last in the transaction that changes it: others who do so wait here."""
    value = uuid4().hex
    if not RegistryStamp.objects.using(using).filter(pk=STAMP_KEY).update(value=value):
        RegistryStamp.objects.using(using).update_or_create(pk=STAMP_KEY, defaults={"value": value})
    stored.look_again()
    transaction.on_commit(stored.look_again, using=using)


def read_stamp() -> str:
    """The stamp; "" where nothing was ever stored."""
    row = RegistryStamp.objects.using(_using()).filter(pk=STAMP_KEY).values_list("value", flat=True).first()
    return row or ""


def _using() -> str:
    return router.db_for_read(ProcessDefinition)


def _read_rows() -> dict[str, _Row]:
    columns = ("process_id", "pk", "version", "fingerprint", "owner_id", "is_shared")
    rows = ProcessDefinition.objects.using(_using()).present().filter(kind=Kind.PROCESS)
    found = rows.filter(process_id__isnull=False).values_list(*columns)
    return {process_id: _Row(*facts) for process_id, *facts in found}


def _compiled(row: _Row) -> Process | None:
    versions = DefinitionVersion.objects.using(_using()).filter(of_id=row.key, number=row.version)
    version = versions.first()
    process = _compile(version) if version is not None else None
    if process is None:
        return None
    return replace(process, is_open_to=partial(is_open_to, row.owner_id, row.is_shared))


def _older(process_id: str, fingerprint: str) -> Process | None:
    versions = DefinitionVersion.objects.using(_using())
    version = versions.filter(process_id=process_id, graph_fingerprint=fingerprint).order_by("-pk").first()
    process = _compile(version) if version is not None else None
    return process if process is not None and process.graph.fingerprint == fingerprint else None


def _compile(version: DefinitionVersion) -> Process | None:
    """The process; what it names in the code may be gone since it was stored."""
    compiled = compile_stored(version.definition, version.text, file=f"stored definition {version.of_id}")
    if compiled.problems:
        processes.report(compiled.problems)
        for problem in compiled.problems:
            logger.error("%s", problem)
    return compiled.process
