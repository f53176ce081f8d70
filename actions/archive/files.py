"""Archive files: `actions/2026/11/21/<uid>.jsonl.gz`, one record a line, every column by its name."""

from __future__ import annotations

import gzip
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime, timedelta
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID, uuid1

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import Storage, storages

from actions.conf import conf
from actions.exceptions import ActionsError, ConfigurationError

IN_MEMORY_BYTES = 4 * 1024 * 1024
"""A compressed batch that is larger goes through a temporary file."""

_UUID_EPOCH = datetime(1582, 10, 15, tzinfo=UTC)


class ArchiveStorageError(ActionsError):
    """The storage did something else than it was asked for; nothing was removed."""


def new_uid() -> UUID:
    """A uid that holds the time, so that it alone says where its file is. Its node is random, not this machine's."""
    return uuid1(node=secrets.randbits(48))


def name_of(uid: UUID) -> str:
    """The name of the file of a batch, by the day (UTC) on which the batch was begun."""
    day = _UUID_EPOCH + timedelta(microseconds=uid.time // 10)
    return f"actions/{day:%Y/%m/%d}/{uid}.jsonl.gz"


@contextmanager
def packed(rows: Iterable[Mapping[str, Any]]) -> Iterator[IO[bytes]]:
    """The rows as the content of a file. The same rows make the same bytes."""
    with SpooledTemporaryFile(max_size=IN_MEMORY_BYTES) as content:
        with gzip.GzipFile(fileobj=content, filename="", mode="wb", mtime=0) as lines:
            for row in rows:
                lines.write(json.dumps(row, ensure_ascii=False, default=_plain).encode() + b"\n")
        yield content


def archive_storage() -> Storage:
    """Where archive files are.

    Raises:
        ConfigurationError: The project has not said which of its storages that is.
    """
    if conf.ARCHIVE_STORAGE not in settings.STORAGES:
        raise ConfigurationError(
            f"DJACTION_ARCHIVE_STORAGE is {conf.ARCHIVE_STORAGE!r}. "
            'Set it to an alias of STORAGES, such as an "archive" that you add; not the one that serves media.'
        )
    return storages[conf.ARCHIVE_STORAGE]


def write(name: str, content: IO[bytes]) -> None:
    """Write a file in the place of one that a killed archiver may have left, complete or not.

    Raises:
        ArchiveStorageError: The storage has given it another name.
    """
    storage = archive_storage()
    remove(name)
    content.seek(0)
    saved = storage.save(name, File(content, name=name))
    if saved != name:
        storage.delete(saved)
        raise ArchiveStorageError(
            f"The storage {conf.ARCHIVE_STORAGE!r} has saved {name} as {saved}. "
            "Use one that keeps names (DJACTION_ARCHIVE_STORAGE)."
        )
    _flush(storage, name)


def remove(name: str) -> None:
    """Remove a file that a killed archiver may have left."""
    storage = archive_storage()
    if storage.exists(name):
        storage.delete(name)


def _flush(storage: Storage, name: str) -> None:
    """Have a local file on the disk before its records are removed: the database survives a power cut, too."""
    with suppress(NotImplementedError):
        descriptor = os.open(storage.path(name), os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
