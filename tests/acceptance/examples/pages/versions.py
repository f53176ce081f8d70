"""To the version that the caller has seen."""

from tests.acceptance.examples.layout import Excerpt
from tests.acceptance.examples.parts import Curl, Page

POSTPONE = "-u alice:alice -X POST HOST/todos/7/postpone/"

PAGE = Page(
    "04-versions",
    "Versions",
    "an action on the version of an object that the caller has seen, and on no other",
    (
        "Every object has an ETag, and another one after each change.",
        Curl("-u alice:alice HOST/todos/7/"),
        "For several objects it stands in the body:",
        Curl(
            '-u alice:alice "HOST/todos/actions/?ids=1,7"',
            keep={"TAG": "1.etag"},
            shown=Excerpt(cut=("actions",)),
        ),
        "`If-Match` says: only if it is still this one.",
        Curl(f'{POSTPONE} -d days=3 -H "If-Match: $TAG"', shown=Excerpt(only=("id", "due_date", "updated_at"))),
        "That was a change, so the same call does not match any more. The answer has the present tag.",
        Curl(f'{POSTPONE} -d days=3 -H "If-Match: $TAG"'),
        "`swap_dates` says `if_match: required` in its definition: whoever swaps dates must have seen them.",
        Curl("-u alice:alice -X POST HOST/todos/7/swap_dates/ -d other=1"),
        "Of several objects each names its own version, or `*` for any.",
        Curl(
            """-u alice:alice HOST/todos/postpone/ \\
    --json '{"items": [{"id": 1, "etag": "*"}, {"id": 7, "etag": "\\"66d10ff7697f5ed9\\""}]}'"""
        ),
        "What is no tag is refused with the form that it should have. Here the quotes are missing.",
        Curl(f"{POSTPONE} -H 'If-Match: 66d10ff7697f5ed9'"),
    ),
)
