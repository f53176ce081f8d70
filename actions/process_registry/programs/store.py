"""The only writer of runs of programs; each write is refused where somebody else has taken the run."""

from __future__ import annotations

import os
import socket
from typing import Any

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from actions import work
from actions.processes.states import Status
from actions.programs.result import ProgramResult
from actions.programs.running import Said
from actions.programs.tails import Kept
from actions.work.leases import held

from .models import ProgramRun

STATUS_COLUMNS = ("status", "worker", "started_at")


def begin(run: ProgramRun) -> None:
    """Say who works on it.

    Raises:
        LeaseLostError: Somebody else does by now.
    """
    run.status, run.worker = Status.RUNNING.value, f"{socket.gethostname()}:{os.getpid()}"
    run.started_at = run.started_at or timezone.now()
    if not held(run).update(**{name: getattr(run, name) for name in STATUS_COLUMNS}):
        raise work.LeaseLostError(_("Run %(key)s has been taken by another worker.") % {"key": run.pk})


def end(run: ProgramRun, result: ProgramResult) -> None:
    """Write what became of it.

    Raises:
        LeaseLostError: Somebody else has it by now.
    """
    status = Status.SUCCEEDED if result.is_success else Status.FAILED
    facts = {"exit_code": result.exit_code, "reason": result.reason.value, "usage": dict(result.usage)}
    said = _said_columns(result.output, result.stderr if result.stderr.size else result.stdout)
    _close(run, status, error=result.explain(), **facts, **said)


def fail(run: ProgramRun, error: str, said: Said | None = None) -> None:
    """Write why it was not run, or is not run any more.

    Raises:
        LeaseLostError: Somebody else has it by now.
    """
    _close(run, Status.FAILED, error=error, **({} if said is None else said_by(said)))


def cancel(run: ProgramRun, said: Said) -> None:
    """Write that it was stopped.

    Raises:
        LeaseLostError: Somebody else has it by now.
    """
    _close(run, Status.CANCELLED, reason="stopped", **said_by(said))


def give_back(run: ProgramRun) -> None:
    """Have another worker take it at once.

    Raises:
        LeaseLostError: One has done so.
    """
    work.release(run, timezone.now(), status=Status.PENDING.value)
    work.announce(str(run._state.db))


def restarted(run: ProgramRun) -> None:
    """Count that a service was started again."""
    held(run).update(restarts=F("restarts") + 1)


def report(run: ProgramRun, said: Said) -> None:
    """Write what it has said so far."""
    held(run).update(**said_by(said))


def said_by(said: Said) -> dict[str, Any]:
    """What it has said, as columns."""
    errors = said.stderr.kept()
    return _said_columns(said.output.kept(), errors if errors.size else said.stdout.kept())


def _said_columns(output: Kept, log: Kept) -> dict[str, Any]:
    return {"output": output.data, "output_size": output.size, "log": log.data, "log_size": log.size}


def _close(run: ProgramRun, status: Status, **columns: Any) -> None:
    # What it was given is not needed any more, and may be large.
    work.release(run, None, status=status.value, ended_at=timezone.now(), input=None, **columns)
