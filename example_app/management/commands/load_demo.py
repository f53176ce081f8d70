"""`manage.py load_demo`: users, lists, a few hundred todos, and a sign-up that waits for somebody's approval."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import transaction

from actions.process_registry import services as registry
from actions.processes import services
from example_app.models import Todo, TodoList

LISTS = [
    # name, owner, whether everybody sees it
    ("Household", "alice", False),
    ("Garden", "bob", False),
    ("Office", "demo", True),
    ("Club", "alice", True),
    ("Reading", "bob", False),
    ("Journey", "demo", False),
]
TODOS_PER_LIST = 50
SIGNUP = {"email": "ada@example.com", "name": "Analytical Engines", "company_size": 80}
GROUPS = {"approvers": "alice", "heads": "bob"}
"""Who answers what the process SignupApproval asks, and to whom it is escalated."""
DEFINITIONS = (
    {
        "process_name": "capitals",
        "exec": "/usr/bin/tr",
        "argv": ["a-z", "A-Z"],
        "process_type": "single",
        "timeout": 60,
        "input_adapter": {"input_type": "file", "input_params": {"file_type": "stream", "stream_name": "STDIN"}},
        "output_adapter": {"output_type": "file", "output_params": {"file_type": "stream", "stream_name": "STDOUT"}},
    },
    {
        "process_name": "compile",
        "exec": "/usr/bin/cc",
        "argv": ["-x", "c", "-c", "-o", "${output_file}", "${input_file}"],
        "process_type": "single",
        "timeout": 60,
        "input_adapter": {"input_type": "file", "input_params": {"file_path": "${input_file}"}},
        "output_adapter": {"output_type": "file", "output_params": {"file_path": "${output_file}"}},
    },
)
"""Programs that are stored: one reads and writes its streams, the other one files."""
ALWAYS_OPEN = 10
"""The first todos are open, for the examples of the documentation to have something to do."""


class Command(BaseCommand):
    """Fills an empty database; a second call changes nothing."""

    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        """Load everything or nothing."""
        if TodoList.objects.exists():
            self.stdout.write("The demonstration data is there already.")
            return
        with transaction.atomic():
            load()
        self.stdout.write(f"{Todo.objects.count()} todos in {TodoList.objects.count()} lists.")


def load() -> None:
    """Make the same users, lists and todos every time; dates are counted from today."""
    from example_app.factories import TodoListFactory, UserFactory, VariedTodoFactory, seed

    seed()
    users = {
        "demo": UserFactory.create(username="demo", is_staff=True, is_superuser=True),
        "alice": UserFactory.create(username="alice"),
        "bob": UserFactory.create(username="bob"),
    }
    lists = [TodoListFactory.create(name=name, owner=users[owner], is_shared=shared) for name, owner, shared in LISTS]
    for number in range(TODOS_PER_LIST * len(lists)):
        todo_list = lists[number % len(lists)]
        is_open = {"is_done": False} if number < ALWAYS_OPEN else {}
        VariedTodoFactory.create(list=todo_list, owner=todo_list.owner, **is_open)
    for definition in DEFINITIONS:
        registry.create(registry.check(definition), owner=users["demo"], is_shared=True)
    for name, user in GROUPS.items():
        users[user].groups.add(Group.objects.get_or_create(name=name)[0])
    last = Todo.objects.filter(owner=users["alice"]).latest("pk")
    services.start("signup-approval", {**SIGNUP, "todo": last.pk}, actor=users["alice"])
