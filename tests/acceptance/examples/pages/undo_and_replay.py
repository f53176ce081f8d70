"""Taking back what was done, doing again what failed."""

from tests.acceptance.examples.layout import Excerpt
from tests.acceptance.examples.parts import Curl, Page

EVENTS = "HOST/dj-actions/actionevents"
DATE, NOTE = Excerpt(only=("id", "due_date", "updated_at")), Excerpt(only=("id", "note", "updated_at"))

PAGE = Page(
    "08-undo-and-replay",
    "Undo and replay",
    "what was done is taken back, what failed is done again; both are actions, with previews and records",
    (
        "Every call leaves a record, and `Action-Event` is its key. This one changes two todos.",
        Curl("-u alice:alice -X POST HOST/todos/7/swap_dates/ -d other=1 -H 'If-Match: *'", shown=DATE),
        "`undo` writes back what the record says. As any action, it can be tried first.",
        Curl(f'-u alice:alice -X POST "{EVENTS}/1/undo/?dry_run=true"'),
        Curl(f"-u alice:alice -X POST {EVENTS}/1/undo/"),
        "What others have changed since is not overwritten.",
        Curl("-u alice:alice -X POST HOST/todos/7/mark_done/ -d note=Paid."),
        Curl("-u demo:demo -X PATCH HOST/todos/7/ -d note='Paid, but where is the receipt?'", shown=NOTE),
        Curl(f"-u alice:alice -X POST {EVENTS}/3/undo/"),
        """`mark_all_done` writes all rows in one statement, and its record does not have what they were before. Half an
        undo would be worse than none.""",
        Curl('-u alice:alice -X POST "HOST/todos/mark_all_done/?list=1"'),
        Curl(f"-u alice:alice -X POST {EVENTS}/5/undo/"),
        """**Replay** does again what failed. Todo 10 gets the last date that Python's calendar has, and postponing it
        fails:""",
        Curl("-u alice:alice -X PATCH HOST/todos/10/ -d due_date=9999-12-31", shown=DATE),
        Curl("-u alice:alice -X POST HOST/todos/10/postpone/ -d days=3"),
        """When the reason is gone, the same request is done again; permissions and conditions are asked anew. (What was
        refused, 4xx, is not replayed: it needs another request.)""",
        Curl("-u alice:alice -X PATCH HOST/todos/10/ -d due_date=2026-03-31", shown=DATE),
        Curl(f"-u alice:alice -X POST {EVENTS}/7/replay/", shown=DATE),
        "Once.",
        Curl(f"-u alice:alice -X POST {EVENTS}/7/replay/"),
    ),
)
