"""The examples of the core concepts, as they stand in the example's `automations`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Group, Permission, User
from django.core import mail

from actions.processes import services
from actions.processes.models import OpenTask, Run, StepRun
from example_app.automations import IssueDiscussion, Webinar
from example_app.models import IssueList, WebinarSession
from tests.automations import where
from tests.processes import run_due

pytestmark = pytest.mark.django_db

MONDAY = datetime(2030, 1, 7, 9, tzinfo=UTC)


@pytest.fixture
def moderator() -> User:
    user = User.objects.create(username="moderator")
    user.groups.add(Group.objects.create(name="Moderators"))
    return user


def pass_hours(clock: Any, hours: int, step: int = 1) -> None:
    """Let a worker look every so many hours."""
    for _look in range(0, hours, step):
        clock.shift(timedelta(hours=step, seconds=1))
        run_due()


def test_an_issue_is_discussed_for_a_week_from_its_announcement_to_its_end(moderator: User) -> None:
    with time_machine.travel(MONDAY, tick=False) as clock:
        issues = IssueList.objects.create(title="Typos", has_call=True)
        automation = IssueDiscussion(issue_list=issues)
        issues.refresh_from_db()
        assert issues.announced_at == MONDAY
        assert issues.call_at == MONDAY + timedelta(days=3)
        assert where(automation) == ["repeat", "warning"]

        pass_hours(clock, 5)
        assert where(automation) == ["repeat", "warning"]
        first = issues.mails.create(text="I have found one")
        pass_hours(clock, 1)
        assert where(automation) == ["moderate", "warning"]
        task = OpenTask.objects.get()
        assert (task.groups, task.title) == (["Moderators"], "Read the new mails")
        services.provide_input(task.run_id, {"up_to": first.pk}, actor=moderator)
        assert where(automation) == ["repeat", "warning"]

        second = issues.mails.create(text="And I another one")
        pass_hours(clock, 1)
        services.provide_input(OpenTask.objects.get().run_id, {"up_to": second.pk}, actor=moderator)
        automation.refresh()
        assert automation.data["moderate"]["up_to"] == second.pk
        assert automation.data["_moderate_validated"] == moderator.pk

        pass_hours(clock, 24 * 6, step=6)
        issues.refresh_from_db()
        assert issues.warned_at is not None
        assert where(automation) == ["repeat"]
        pass_hours(clock, 24, step=6)

    assert automation.finished()
    assert automation.error is None
    issues.refresh_from_db()
    assert issues.result == "2 mails"
    rounds = StepRun.objects.filter(root_id=automation.id, node="repeat").count()
    assert rounds > 20
    assert StepRun.objects.filter(root_id=automation.id, node="evaluation", result={"mails": 2}).count() == 1


def test_two_discussions_at_once_are_each_others_business_in_nothing(moderator: User) -> None:
    with time_machine.travel(MONDAY, tick=False) as clock:
        busy, quiet = IssueList.objects.create(title="Busy"), IssueList.objects.create(title="Quiet", has_call=True)
        busy.mails.create(text="Hello")
        first, second = IssueDiscussion(issue_list=busy), IssueDiscussion(issue_list=quiet)
        assert (where(first), where(second)) == (["moderate", "warning"], ["repeat", "warning"])
        pass_hours(clock, 24 * 8, step=6)
    assert second.finished()
    assert where(first) == ["moderate"]
    quiet.refresh_from_db()
    busy.refresh_from_db()
    assert (quiet.result, busy.result) == ("0 mails", "")
    assert (quiet.call_at is None, busy.call_at is None) == (False, True)


def test_a_webinar_reminds_its_guests_and_offers_the_recording() -> None:
    staff = User.objects.create(username="staff")
    staff.user_permissions.add(Permission.objects.get(codename="change_webinarsession"))
    with time_machine.travel(MONDAY, tick=False) as clock:
        session = WebinarSession.objects.create(title="Typos", starts_at=MONDAY + timedelta(days=10))
        webinar = Webinar(session=session)
        assert Webinar(session=session) == webinar
        assert Webinar.dispatch_message(webinar.get_key(), "signup", None, {"email": "ada@example.com"}) == "received"
        assert Webinar.dispatch_message(webinar.get_key(), "signup", None, {}) is None
        for duration, node in (
            (timedelta(days=8), "reminder"),
            (timedelta(days=1), "link"),
            (timedelta(days=1), "recorded"),
        ):
            clock.shift(duration + timedelta(seconds=1))
            run_due()
            assert where(webinar) == [node]
        assert [each.body for each in mail.outbox] == ["Your webinar is tomorrow.", "Your webinar begins now."]
        clock.shift(timedelta(hours=3))
        run_due()
        services.provide_input(webinar.row, {"url": "https://example.com/typos"}, actor=staff)
    assert webinar.finished()
    session.refresh_from_db()
    assert session.recording == "https://example.com/typos"
    assert mail.outbox[-1].body == "See it again: https://example.com/typos"
    assert mail.outbox[-1].to == ["ada@example.com"]
    assert Run.objects.get().error is None
