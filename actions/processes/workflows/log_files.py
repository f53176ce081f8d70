"""Logs of jobs as files: `WFE_LOG_DIR/{workflow}_{uuid}.log`, beside what the database has."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actions.processes.registry import processes

from .settings import STYLE, log_dir

if TYPE_CHECKING:
    from uuid import UUID

    from actions.processes.models import Run

logger = logging.getLogger(__name__)


def file_name(process_id: str, uid: UUID) -> str:
    """Of the log of a job."""
    process = processes.get(process_id)
    name = process.title if process is not None else process_id
    return f"{_plain(name)}_{uid}.log"


@cache
def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)


def path_of_log(process_id: str, uid: UUID) -> Path | None:
    """Where the log of a job is; None where there are no files."""
    folder = log_dir()
    return folder / file_name(process_id, uid) if folder is not None else None


def append(process_id: str, uid: UUID, lines: Sequence[str]) -> None:
    """Add to the file of a job. A disk that is full ends no job: the database has its log, too."""
    path = path_of_log(process_id, uid) if lines else None
    if path is None:
        return
    text = "".join(f"{line}\n" for line in lines)
    try:
        _write(path, text)
    except OSError as error:
        logger.warning("The log of a job could not be written: %s", error)


def _write(path: Path, text: str) -> None:
    """Open it, write and close it: several workers write into one file, and it may be moved away meanwhile."""
    try:
        file = path.open("a", encoding="utf-8", errors="backslashreplace")
    except FileNotFoundError:
        path.parent.mkdir(exist_ok=True)
        file = path.open("a", encoding="utf-8", errors="backslashreplace")
    with file:
        file.write(text)


def note_failure(*, run: Run, **_kwargs: Any) -> None:
    """Say in its file why a job has failed: a receiver of `run_failed`."""
    process, error = processes.get(run.process), run.error or {}
    if process is not None and process.style == STYLE and log_dir() is not None:
        said = f"Failed at {error.get('node')}: {error.get('type')}: {error.get('detail')}"
        append(run.process, run.uid, [said])
