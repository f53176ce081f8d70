"""How far a job can be."""

from __future__ import annotations

from enum import StrEnum


class JobState(StrEnum):
    """How far a job is."""

    PENDING = "PENDING"
    """Ordered, and not begun."""
    ONGOING = "ONGOING"
    INPUT_REQUIRED = "INPUT_REQUIRED"
    INPUT_REUIRED = "INPUT_REQUIRED"
    INPUT_RECEIVED = "INPUT_RECEIVED"
    """To be gone on with."""
    FAILED = "FAILED"
    FINISHED = "FINISHED"
