"""What callers do with processes: REST, admin, commands, tests, and the project's own code."""

from .allowing import check_may_start, refusal_of_start
from .answering import get_open_tasks, get_users_with_permission, may_answer
from .changing import change_state
from .control import cancel, move, pause, resume, retry, stranded
from .forking import fork
from .looking import look_again
from .messaging import broadcast_message, send_message, tell_run
from .people import form_of, provide_input
from .receiving import receive
from .removing import delete_history, remove
from .scheduling import schedule
from .starting import start
from .tasks import claim, delegate, escalate, reassign, release, remind

__all__ = [
    "broadcast_message",
    "cancel",
    "change_state",
    "check_may_start",
    "claim",
    "delegate",
    "delete_history",
    "escalate",
    "fork",
    "form_of",
    "get_open_tasks",
    "get_users_with_permission",
    "look_again",
    "may_answer",
    "move",
    "pause",
    "provide_input",
    "reassign",
    "receive",
    "refusal_of_start",
    "release",
    "remind",
    "remove",
    "resume",
    "retry",
    "schedule",
    "send_message",
    "start",
    "stranded",
    "tell_run",
]
