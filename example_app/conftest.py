"""What the tests of the example's actions use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from rest_framework.test import APIClient

from .factories import TodoFactory, UserFactory

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    from .models import Todo


@pytest.fixture
def alice(db: None) -> User:
    return UserFactory.create(username="alice")


@pytest.fixture
def bob(db: None) -> User:
    return UserFactory.create(username="bob")


@pytest.fixture
def todo(alice: User) -> Todo:
    """An open one of Alice's."""
    return TodoFactory.create(owner=alice, note="")


@pytest.fixture
def as_user() -> Callable[[User], APIClient]:
    """A client that somebody is logged in with."""

    def client(user: User) -> APIClient:
        logged_in = APIClient()
        logged_in.force_authenticate(user)
        return logged_in

    return client
