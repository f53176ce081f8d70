"""What is shown of a run's data: secrets masked by their names, and in texts that quote what the run was given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.processes.models import Run
from actions.processes.registry import processes
from actions.redaction import mask_within, redact, secret_names, secret_texts

FOR_STAFF = ("traceback",)
"""Members of an error that tell of the project's code."""


def sensitive_of(process_id: str) -> tuple[str, ...]:
    """Names that a process has declared; none where it is gone: the project's own names are masked all the same."""
    process = processes.get(process_id)
    return process.sensitive if process is not None else ()


class Masking:
    """Shows the data of one run."""

    def __init__(self, run: Run, *, is_for_staff: bool) -> None:
        self._names = secret_names(sensitive_of(run.process))
        self._secrets = secret_texts(run.payload, self._names)
        self._is_for_staff = is_for_staff

    def shown(self, value: Any) -> Any:
        """JSON values without secrets."""
        if value is None:
            return None
        kept = redact(value, self._names)
        return mask_within(kept, self._secrets) if self._secrets else kept

    def error(self, error: Any) -> Any:
        """An error; its traceback for staff only."""
        if not isinstance(error, Mapping):
            return self.shown(error)
        told = {key: value for key, value in error.items() if self._is_for_staff or key not in FOR_STAFF}
        return self.shown(told)
