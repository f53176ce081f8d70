"""The example project's people, todos and clients."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from rest_framework.test import APIClient

from actions.process_registry.stored import stored
from actions.registry import catalogue
from example_app.models import Todo, TodoList


@pytest.fixture(autouse=True)
def _no_throttling_left() -> None:
    """Throttles count in the cache, which outlives a test."""
    cache.clear()


@pytest.fixture(autouse=True)
def _no_registries_left() -> Iterator[None]:
    """A registry that a test makes stays in the catalogue until Python collects it; the next test must not meet it."""
    before = set(catalogue._registries)
    yield
    for registry in set(catalogue._registries) - before:
        catalogue._registries.discard(registry)


@pytest.fixture(autouse=True)
def _stored_processes_are_known(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether any have changed is asked once a second: by a clock, and so in the middle of what a test counts."""
    if "process_registry" not in request.path.parts:
        monkeypatch.setattr(stored, "_looked_at", float("inf"))


@pytest.fixture
def alice(db: None) -> User:
    return User.objects.create_user("alice", password="alice")


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", password="bob")


@pytest.fixture
def staff(db: None) -> User:
    return User.objects.create_superuser("staff", password="staff")


@pytest.fixture
def client_of() -> Callable[[User | None], APIClient]:
    """A REST client that a user is logged in with."""

    def make(user: User | None) -> APIClient:
        client = APIClient()
        if user is not None:
            client.force_authenticate(user)
        return client

    return make


@pytest.fixture
def api(alice: User, client_of: Any) -> APIClient:
    """Alice's client."""
    client: APIClient = client_of(alice)
    return client


@pytest.fixture
def todo_list(alice: User) -> TodoList:
    return TodoList.objects.create(name="Home", owner=alice)


@pytest.fixture
def todo(todo_list: TodoList, alice: User) -> Todo:
    return Todo.objects.create(title="Water the plants", list=todo_list, owner=alice)


@pytest.fixture
def todos(todo_list: TodoList, alice: User) -> list[Todo]:
    """Three open ones of Alice's."""
    return [Todo.objects.create(title=f"Todo {number}", list=todo_list, owner=alice) for number in range(3)]
