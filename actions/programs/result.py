"""What became of a run of a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from django.utils.translation import gettext as _

from .tails import Kept

SHOWN_OF_ERRORS = 2000


class Reason(StrEnum):
    """Why it has ended."""

    EXITED = "exited"
    """By itself, or by a signal that is not ours."""
    TIMEOUT = "timeout"
    STOPPED = "stopped"
    CPU = "cpu"
    FILE_SIZE = "file_size"
    NOT_STARTED = "not_started"
    ADAPTER = "adapter"
    """Its input or output could not be moved: a full disk, a file that is not there."""
    LOST = "lost"
    """What watched over it was killed."""


@dataclass(frozen=True, slots=True)
class ProgramResult:
    """One run, from its start to its end."""

    reason: Reason
    exit_code: int | None = None
    """As a shell says it: 128 and the signal's number for a signal. None: it has not run."""
    signal: int | None = None
    detail: str = ""
    """What the system said, of a run that did not come to an end by itself."""
    duration: float = 0.0
    """Seconds."""
    usage: Mapping[str, float] = field(default_factory=dict)
    """`{"user_seconds", "system_seconds", "memory"}`; memory in bytes, of the largest process."""
    input_size: int = 0
    """Bytes that it has taken, where an adapter moves them."""
    output: Kept = field(default_factory=Kept)
    """What its output adapter has got."""
    stdout: Kept = field(default_factory=Kept)
    """Where that is not the output; standard error alike."""
    stderr: Kept = field(default_factory=Kept)
    network: str = ""
    """Whether it could reach the network: "on" or "off"."""

    @property
    def is_success(self) -> bool:
        """Whether it did its work, as far as programs say so."""
        return self.reason is Reason.EXITED and self.exit_code == 0

    def explain(self) -> str:
        """For a person; "" of a success."""
        if self.is_success:
            return ""
        text = self._why()
        last = (self.stderr.text or self.stdout.text)[-SHOWN_OF_ERRORS:].strip()
        return _("%(text)s It said: %(last)s") % {"text": text, "last": last} if last else text

    def _why(self) -> str:
        if self.reason is Reason.EXITED:
            if self.signal:
                return _("The program was ended by signal %(signal)s.") % {"signal": self.signal}
            return _("The program ended with exit code %(code)s.") % {"code": self.exit_code}
        facts = {"detail": self.detail, "seconds": f"{self.duration:.3g}"}
        return {
            Reason.TIMEOUT: _("The program was ended after %(seconds)s seconds: it took too long."),
            Reason.STOPPED: _("The program was stopped."),
            Reason.CPU: _("The program was ended: it has used up its CPU time."),
            Reason.FILE_SIZE: _("The program was ended: it has written a larger file than it may."),
            Reason.NOT_STARTED: _("The program could not be started: %(detail)s"),
            Reason.ADAPTER: _("The program's data could not be moved: %(detail)s"),
            Reason.LOST: _("The program was lost: what watched over it has ended. %(detail)s"),
        }[self.reason] % facts
