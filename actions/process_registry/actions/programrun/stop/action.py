"""Stop a program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actions.process_registry.programs import services

if TYPE_CHECKING:
    from actions.process_registry.programs.models import ProgramRun


def stop(run: ProgramRun) -> ProgramRun:
    """End the program, with all that it has started; a run that has not begun never will."""
    return services.stop(run)
