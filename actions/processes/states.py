"""What a run and a step run can be, and what a run waits for."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """How far a run or a step run is."""

    PENDING = "pending"
    """To be begun, or gone on with, by some worker."""
    RUNNING = "running"
    WAITING = "waiting"
    """For what stands in `waiting_for`."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


UNFINISHED = (Status.PENDING, Status.RUNNING, Status.WAITING)
FINISHED = (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)
"""Of a run; a step can be skipped as well."""


class Waiting(StrEnum):
    """What keeps a run from going on."""

    NOTHING = ""
    TIME = "time"
    CONDITION = "condition"
    INPUT = "input"
    MESSAGE = "message"
    BRANCHES = "branches"
    PROCESS = "process"
    """Another run, which it has started."""
    RETRY = "retry"
    LIMIT = "limit"
    """As many of its kind as may run at once are running."""
    DEFINITION = "definition"
    """A node or function that it needs is gone; see its error."""


class RunKind(StrEnum):
    """What a run is a part of."""

    ROOT = "root"
    """A run that somebody has started, also one that is a step of another run."""
    BRANCH = "branch"
    """One way of a split."""
    ITEM = "item"
    """One item of an `each`."""
