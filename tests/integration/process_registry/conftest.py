"""Clients of the registry, and stored processes that no test leaves to the next one."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from actions.process_registry.stored import stored


@pytest.fixture(autouse=True)
def _nothing_stored_left() -> Iterator[None]:
    """What a test has stored is rolled back, and this process is to know."""
    stored.forget()
    yield
    stored.forget()


@pytest.fixture
def basic() -> Callable[[str], Client]:
    """A client that sends name and password of a user with every request, and forgets nothing of CSRF."""

    def make(username: str, password: str = "") -> Client:
        credentials = b64encode(f"{username}:{password or username}".encode()).decode()
        return Client(enforce_csrf_checks=True, headers={"Authorization": f"Basic {credentials}"})

    return make


@pytest.fixture
def author(alice: User) -> User:
    """Alice, who may write processes and run programs."""
    names = ("author_process", "run_program")
    alice.user_permissions.set(Permission.objects.filter(codename__in=names))
    return alice


@pytest.fixture
def old(author: User, basic: Any) -> Client:
    """A client of the first kind, of Alice."""
    client: Client = basic("alice")
    return client
