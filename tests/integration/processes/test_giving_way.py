"""What the database gives up in favour of somebody else is done once more, and no half of it is kept."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection, transaction

from actions.processes.services.giving_way import TRIES, giving_way
from actions.processes.store.joining import joined


class Given:
    """Is given up a number of times, and then done."""

    def __init__(self, times: int) -> None:
        self.times, self.calls = times, 0
        # Whoever is given up has a connection.
        connection.ensure_connection()

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.times:
            raise OperationalError("Deadlock found")
        return "done"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("times", [0, 1, TRIES - 1])
def test_what_is_given_up_is_done_once_more(times: int) -> None:
    given = Given(times)
    assert giving_way(given, "default") == "done"
    assert given.calls == times + 1


@pytest.mark.django_db(transaction=True)
def test_it_is_told_when_it_is_given_up_each_time() -> None:
    given = Given(TRIES)
    with pytest.raises(OperationalError, match="Deadlock"):
        giving_way(given, "default")
    assert given.calls == TRIES


@pytest.mark.django_db(transaction=True)
def test_inside_of_a_caller_s_transaction_it_is_called_once() -> None:
    given = Given(1)
    with pytest.raises(OperationalError), transaction.atomic():
        giving_way(given, "default")
    assert given.calls == 1


@pytest.mark.django_db(transaction=True)
def test_whoever_catches_an_error_keeps_no_half_of_what_was_done_as_a_whole() -> None:
    def half() -> None:
        with joined(connection):
            User.objects.create_user("ada")
            raise ValueError

    with transaction.atomic():
        with pytest.raises(ValueError):  # noqa: PT011 - the test's own
            half()
        assert connection.needs_rollback
    assert not User.objects.exists()
