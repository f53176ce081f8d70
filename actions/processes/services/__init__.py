"""What callers do with processes: REST, admin, commands, tests, and the project's own code."""

from .control import cancel, fork, move, pause, resume, retry, stranded
from .messaging import broadcast_message, send_message
from .people import form_of, may_answer, provide_input
from .scheduling import schedule
from .starting import start

__all__ = [
    "broadcast_message",
    "cancel",
    "fork",
    "form_of",
    "may_answer",
    "move",
    "pause",
    "provide_input",
    "resume",
    "retry",
    "schedule",
    "send_message",
    "start",
    "stranded",
]
