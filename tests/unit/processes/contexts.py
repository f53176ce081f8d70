"""A step's context for tests of what gets one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from actions.processes.context import StepContext

KEY = "0190a1b2-0000-7000-8000-000000000001:charge:3"


def make_step(**given: Any) -> StepContext:
    """The context of a first try."""
    values: dict[str, Any] = {
        "process": "shop",
        "node": "charge",
        "run_id": 7,
        "run_uid": UUID(int=7),
        "number": 3,
        "attempt": 1,
        "is_last_attempt": True,
        "idempotency_key": KEY,
        "payload": {},
        "state": {},
        "entered_at": datetime(2025, 1, 31, tzinfo=UTC),
        "using": "default",
        "correlation_id": "",
    }
    return StepContext(**{**values, **given})
