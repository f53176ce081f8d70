"""Which actions a caller may use, and why not the others."""

from tests.acceptance.examples.layout import Excerpt
from tests.acceptance.examples.parts import Curl, Page

IN_SHORT = ("name", "available", "reasons")

PAGE = Page(
    "01-which-actions",
    "Which actions, and why not",
    "what this caller may do with this object now, and what would make the rest possible",
    (
        """What may alice do with todo 7? It is open and hers, so it cannot be reopened: `fix` names the action after
        which it could be. `schema` is what the action takes.""",
        Curl("-u alice:alice HOST/todos/7/actions/", shown=Excerpt(cut=("schema",), first=3)),
        """Several objects at once, as a page with many buttons needs it. Each condition of each action costs
        one statement, however many objects there are. Todo 37 is done.""",
        Curl(
            '-u alice:alice "HOST/todos/actions/?ids=7,37"',
            shown=Excerpt(within=IN_SHORT, first=3),
        ),
        """Todo 9 is demo's and stands in a shared list: alice sees it and may not change it. Whoever lacks a permission
        learns nothing of the object's state.""",
        Curl("-u alice:alice HOST/todos/9/actions/", shown=Excerpt(only=IN_SHORT, first=2)),
        "Bob's todo 8 is in a list that is not shared. For alice it does not exist, and no reason tells that it does.",
        Curl("-u alice:alice HOST/todos/8/actions/"),
        "Whoever calls what is not available is refused with the same reason.",
        Curl("-u alice:alice -X POST HOST/todos/7/reopen/"),
    ),
)
