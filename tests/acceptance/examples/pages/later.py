"""What a worker does."""

from tests.acceptance.examples.layout import Excerpt
from tests.acceptance.examples.parts import Clock, Curl, Manage, Page

EVENTS = "HOST/dj-actions/actionevents"
EVENT = Excerpt(only=("id", "action", "object_id", "outcome", "status_code", "response_data", "error", "due_at"))

PAGE = Page(
    "05-later",
    "Later",
    "a call that is checked now and done by a worker: at once, at a time, again and again",
    (
        """`Prefer: respond-async`: everything is checked, and the work is left to a worker. `Location` is where to ask
        for it. On this page no worker runs all the time, and the answer says so. (An action whose definition says
        `background: true` is always done by a worker, and refused with 503 where none is alive.)""",
        Curl("-u alice:alice -X POST HOST/todos/7/mark_done/ -H 'Prefer: respond-async'"),
        "It waits: 202 until it has ended.",
        Curl(f"-u alice:alice {EVENTS}/1/", shown=EVENT),
        "A worker does what is due. `make run` has one; this is how cron would start it.",
        Manage("actions_worker --once"),
        "Now 200, with what came of it.",
        Curl(f"-u alice:alice {EVENTS}/1/", shown=EVENT),
        "What cannot be done is refused at once, and not by the worker.",
        Curl("-u alice:alice -X POST HOST/todos/7/postpone/ -H 'Prefer: respond-async'"),
        "At a time:",
        Curl('-u alice:alice -X POST "HOST/todos/1/postpone/?scheduled_time=2026-03-02T12:00Z"'),
        "Again and again, here every Monday at eight in the project's time zone:",
        Curl("-u alice:alice -X POST HOST/todos/1/postpone/ -d days=7 -d cron='0 8 * * 1'"),
        "What has not begun can be taken back, and what repeats is not repeated any more.",
        Curl(f"-u alice:alice -X DELETE {EVENTS}/4/"),
        Curl(f"-u alice:alice {EVENTS}/4/", shown=EVENT),
        "Three hours later the other one is due. Permissions, conditions and the version are checked anew.",
        Clock(3 * 3600),
        Manage("actions_worker --once"),
        Curl(f"-u alice:alice {EVENTS}/3/", shown=EVENT),
        "What is no cron expression is refused with the form that it should have.",
        Curl("-u alice:alice -X POST HOST/todos/1/postpone/ -d cron='every monday'"),
    ),
)
