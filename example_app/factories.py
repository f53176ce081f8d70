"""Users, lists and todos for demonstrations and tests. `seed` makes them come out the same every time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import make_password
from django.utils import timezone
from factory.django import DjangoModelFactory
from factory.random import reseed_random

from .models import Priority, Todo, TodoList

SEED = "todos"

TITLES = [
    "Answer the invitation",
    "Book the flight",
    "Call the dentist",
    "Check the invoice",
    "Clean the kitchen",
    "Fix the bicycle",
    "Order curtains",
    "Pay the electricity bill",
    "Plan the weekend",
    "Print the tickets",
    "Return the library books",
    "Water the plants",
]


def seed() -> None:
    """Begin anew with the same random numbers."""
    reseed_random(SEED)


class UserFactory(DjangoModelFactory[Any]):
    """Somebody whose password is their name."""

    class Meta:
        model = get_user_model()
        django_get_or_create = ("username",)

    username = factory.Sequence(lambda number: f"user{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")
    password = factory.LazyAttribute(lambda user: make_password(user.username))


class TodoListFactory(DjangoModelFactory[TodoList]):
    """A list of one owner."""

    class Meta:
        model = TodoList

    name = factory.Sequence(lambda number: f"List {number}")
    owner = factory.SubFactory(UserFactory)


class TodoFactory(DjangoModelFactory[Todo]):
    """An open todo without a date, in a list of its owner."""

    class Meta:
        model = Todo

    title = factory.LazyFunction(lambda: factory.random.randgen.choice(TITLES))
    owner = factory.SubFactory(UserFactory)
    list = factory.SubFactory(TodoListFactory, owner=factory.SelfAttribute("..owner"))
    done_at = factory.Maybe("is_done", factory.LazyFunction(timezone.now))
    is_done: Any = False


class VariedTodoFactory(TodoFactory):
    """A todo as in life: some are urgent, some overdue, a third is done."""

    priority = factory.LazyFunction(lambda: factory.random.randgen.choice(Priority.values))
    is_done = factory.LazyFunction(lambda: factory.random.randgen.random() < 1 / 3)
    due_date = factory.LazyFunction(
        lambda: (
            timezone.localdate() + timedelta(days=factory.random.randgen.randint(-20, 60))
            if factory.random.randgen.random() < 4 / 5
            else None
        )
    )
