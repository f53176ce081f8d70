"""The same action through every door."""

from tests.acceptance.examples.layout import Excerpt
from tests.acceptance.examples.parts import Curl, Manage, Page, Python

PAGE = Page(
    "09-doors",
    "Doors",
    "the command line, Python and AI tools (MCP), with the permissions and the record of REST",
    (
        """The **command line** does it as somebody, with their permissions.
        `python manage.py action todo mark_done --help` shows what it takes.""",
        Manage("action todo mark_done 7 --note 'By post.' --dry-run --as alice"),
        Manage("action todo mark_done 7 --note 'By post.' --as alice"),
        "Todo 7 is alice's, and its list is not shared:",
        Manage("action todo mark_done 7 --as bob"),
        "**Python**, in a script or in another app:",
        Python(
            """
from django.contrib.auth.models import User
from actions import perform
alice = User.objects.get(username="alice")
outcome = perform("todo:postpone", 1, {"days": 3}, actor=alice)
outcome.body["due_date"], outcome.event.door
"""
        ),
        "A refusal is an exception, with the status, code and sentences of REST.",
        Python(
            """
from actions.exceptions import ActionError
try:
    perform("todo:postpone", 1, {"days": 400}, actor=alice)
except ActionError as error:
    error.status, error.code, error.errors
"""
        ),
        """**AI tools** speak the Model Context Protocol with `/mcp/`. There is a tool for each action that the caller
        may use.""",
        Curl(
            """-u alice:alice HOST/mcp/ --json '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}'""",
            shown=Excerpt(cut=("outputSchema",), first=1),
        ),
        Curl(
            """-u alice:alice HOST/mcp/ --json '{"jsonrpc": "2.0", "id": 2, "method": "tools/call",
    "params": {"name": "todo-postpone", "arguments": {"id": 1, "payload": {"days": 3}}}}'""",
            shown=Excerpt(cut=("text",)),
        ),
        "A destructive tool is only tried until it is called with the plan that the preview gave.",
        Curl(
            """-u alice:alice HOST/mcp/ --json '{"jsonrpc": "2.0", "id": 3, "method": "tools/call",
    "params": {"name": "todo-delete_done", "arguments": {"ids": [37]}}}'""",
            keep={"PLAN": "result.structuredContent.preview.plan"},
            shown=Excerpt(cut=("text", "before")),
        ),
        Curl(
            """-u alice:alice HOST/mcp/ --json '{"jsonrpc": "2.0", "id": 4, "method": "tools/call",
    "params": {"name": "todo-delete_done", "arguments": {"ids": [37], "plan": "'$PLAN'"}}}'""",
            shown=Excerpt(cut=("text",)),
        ),
        """In the **admin** the same actions are buttons on an object and entries in the list's drop-down, with a form
        for what they take and a preview before a destructive one: `http://127.0.0.1:8000/admin/example_app/todo/`.""",
    ),
)
