"""How much one caller may do."""

from tests.acceptance.examples.layout import Excerpt
from tests.acceptance.examples.parts import Curl, Definition, Page, Settings

POSTPONE = Curl("-u alice:alice -X POST HOST/todos/4/postpone/", shown=Excerpt(only=("id", "due_date", "updated_at")))

PAGE = Page(
    "10-budgets",
    "Budgets",
    "rows that one caller may change, and how often an action may be called",
    (
        "Twenty rows a day for each caller, counted in the transaction that changes them:",
        Settings({"DJACTION_BUDGETS": {"*": "20/day"}}),
        Curl('-u alice:alice -X POST "HOST/todos/mark_all_done/?list=1&priority=2"'),
        "The next call would change more rows than are left. It is rolled back, and told how many those are.",
        Curl('-u alice:alice -X POST "HOST/todos/mark_all_done/?list=1"'),
        "What fits is done.",
        Curl("-u alice:alice -X POST HOST/todos/7/mark_done/"),
        "How often a caller may call an action, its definition says.",
        Definition("postpone", "throttle: 2/min"),
        POSTPONE,
        POSTPONE,
        POSTPONE,
    ),
)
