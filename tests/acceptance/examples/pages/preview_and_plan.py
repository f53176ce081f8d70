"""Trying an action, and doing exactly what was tried."""

from tests.acceptance.examples.layout import Excerpt
from tests.acceptance.examples.parts import Curl, Page

POSTPONE = "-u alice:alice -X POST HOST/todos/7/postpone/"
TRY = '-u alice:alice -X POST "HOST/todos/7/postpone/?dry_run=true" -d days=3'

PAGE = Page(
    "02-preview-and-plan",
    "Preview and plan",
    "what a call would change and send, and a call that does exactly that or nothing",
    (
        """`dry_run=true`, or the header `Prefer: dry-run`, does everything, looks at it, and rolls it back. The answer
        is that of the real call, with what it would change.""",
        Curl(TRY, keep={"PLAN": "plan"}),
        "The plan is that preview, signed. Before it is carried out, somebody else changes the todo:",
        Curl(
            "-u demo:demo -X PATCH HOST/todos/7/ -d due_date=2026-03-30",
            shown=Excerpt(only=("id", "due_date", "updated_at")),
        ),
        "With the plan it is not done, because it would not do any more what alice has seen. She gets the difference.",
        Curl(f'{POSTPONE} -d days=3 -H "If-Plan: $PLAN"'),
        "So she looks again, and has that done.",
        Curl(TRY, keep={"NEW": "plan"}, shown=Excerpt(only=("due_date", "changes", "plan"))),
        Curl(f'{POSTPONE} -d days=3 -H "If-Plan: $NEW"'),
        "Mails and everything else that waits for the commit are told, and stay.",
        Curl("-u alice:alice -X POST HOST/todos/7/remind/ -H 'Prefer: dry-run' -d message='It is due.'"),
        "Rows that would be lost are shown with all their values.",
        Curl(
            '-u alice:alice -X POST "HOST/todos/delete_done/?list=1&priority=3&dry_run=true"',
            shown=Excerpt(cut=("before",), first=2),
        ),
        "A slip in what asks for a preview is never ignored, because then the call would be carried out.",
        Curl('-u alice:alice -X POST "HOST/todos/7/postpone/?dryrun=true"'),
    ),
)
