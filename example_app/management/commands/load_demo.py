"""`manage.py load_demo`: users, lists and a few hundred todos."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

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
