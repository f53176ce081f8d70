"""What a body may raise that is no `Exception`: it fails the step, and does not end whoever carries it out."""

from __future__ import annotations

from asyncio import CancelledError
from typing import Final

from actions.processes.exceptions import StepError

ENDINGS: Final = (SystemExit, CancelledError)
"""Not KeyboardInterrupt, which is the operator's, nor what runners raise to have a step stop."""


def ended(error: BaseException) -> StepError:
    """The failure of a step that has raised one of them."""
    return StepError(f"It raised {type(error).__name__}: {error}. A step cannot end the program that it runs in.")
