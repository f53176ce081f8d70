"""Several objects in one call."""

from tests.acceptance.examples.layout import Excerpt
from tests.acceptance.examples.parts import Curl, Page

THREE = """-u alice:alice HOST/todos/postpone/ --json '{"ids": [1, 37, 8], "days": 3}'"""

PAGE = Page(
    "06-many-objects",
    "Many objects",
    "one call for several objects: all or none, or as many as possible",
    (
        "Every action on one object can be called on several. All are done, or none.",
        Curl(
            """-u alice:alice HOST/todos/postpone/ --json '{"ids": [1, 7], "days": 3}'""",
            shown=Excerpt(within=("total", "succeeded", "failed", "index", "id", "ok", "status", "result", "due_date")),
        ),
        """Todo 37 is done, todo 8 is another's, and so nothing is done to todo 1 either. The names in `errors` are
        places in the call.""",
        Curl(THREE),
        "`Prefer: continue-on-error` does what can be done, each object in a savepoint of its own.",
        Curl(
            f"{THREE} \\\n    -H 'Prefer: continue-on-error'",
            shown=Excerpt(
                within=("total", "succeeded", "failed", "index", "id", "ok", "status", "result", "error", "due_date")
            ),
        ),
        "With a payload for each:",
        Curl(
            """-u alice:alice HOST/todos/mark_done/ \\
    --json '{"items": [{"id": 1, "params": {"note": "Paid."}}, {"id": 7}]}'"""
        ),
        """Or the filter of the list. `expect_count` is how many the caller thinks there are; meanwhile there may be
        more, or fewer.""",
        Curl('-u alice:alice -X POST "HOST/todos/mark_all_done/?list=1&is_done=false&expect_count=50"'),
        "To name nothing does not mean everything.",
        Curl("-u alice:alice -X POST HOST/todos/mark_all_done/"),
    ),
)
