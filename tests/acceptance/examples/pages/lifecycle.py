"""From the promise to the retirement."""

from tests.acceptance.examples.layout import Excerpt
from tests.acceptance.examples.parts import Clock, Curl, Definition, Manage, Page

DAY = 24 * 3600
POSTPONE = Curl("-u alice:alice -X POST HOST/todos/7/postpone/", shown=Excerpt(only=("id", "due_date", "updated_at")))

PAGE = Page(
    "07-lifecycle",
    "Lifecycle",
    "promised, tried out, relied on, deprecated, retired; and a contract that is kept",
    (
        "`share` is promised (`todo` in the registry) and not there yet.",
        Curl("-u alice:alice -X POST HOST/todos/7/share/"),
        "`assign` is `alpha`. It can be called, and stands in lists and schemas only where they are asked for it.",
        Curl('-u alice:alice "HOST/todos/7/actions/?alpha=true"', shown=Excerpt(only=("name", "status"))),
        "`postpone` is `beta`, and every answer says that it may still change. Its definition gets two lines more.",
        Definition("postpone", 'deprecated: "2026-02-01"\nsunset: "2026-04-01"'),
        "Now its headers tell programs that it is on its way out (RFC 9745, RFC 8594).",
        POSTPONE,
        "A month later it is over.",
        Clock(30 * DAY),
        POSTPONE,
        "`prod` is a promise. A file in the repository has what callers rely on, and CI compares:",
        Manage("actions_diff --write actions.json"),
        Manage("actions_diff actions.json"),
        "Somebody means well and demands a note:",
        Definition(
            "mark_done",
            """
schema:
  type: object
  required: [note]
  properties:
    note: {type: string, minLength: 3}
""",
        ),
        Manage("actions_diff actions.json"),
    ),
)
