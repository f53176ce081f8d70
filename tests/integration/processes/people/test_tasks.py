"""Claimed, released, reassigned, delegated: by one person at a time, and with a record of each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.utils import timezone

from actions.exceptions import RefusedError
from actions.models import EventAction
from actions.processes import services
from actions.processes.exceptions import WrongStateError
from actions.processes.expressions import literal
from actions.processes.graph import TaskPolicy
from actions.processes.models import OpenTask
from actions.processes.store import close_tasks, open_task
from tests.processes import registered
from tests.threads import together

from .asking import asking, fresh, group, member, start

pytestmark = pytest.mark.django_db

FINE = {"is_fine": True}


@pytest.fixture
def ada() -> User:
    return member("ada", "approvers")


@pytest.fixture
def bob() -> User:
    return member("bob", "approvers")


@pytest.fixture
def boss() -> User:
    user = member("boss", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_opentask"))
    return fresh(user)


@pytest.fixture
def task() -> Any:
    care = TaskPolicy(escalate_after=literal(86_400.0), escalate_to=group("heads"))
    process = asking(group("approvers"), care)
    with registered(process):
        yield start(process)


def test_a_claim_keeps_others_from_answering(task: OpenTask, ada: User, bob: User) -> None:
    assert services.claim(task, ada).claimed_name == "ada"
    assert services.claim(task, ada).claimed_by == str(ada.pk)
    for refused in (lambda: services.claim(task, bob), lambda: services.provide_input(task.run_id, FINE, actor=bob)):
        with pytest.raises(RefusedError, match="ada has claimed it") as found:
            refused()
        assert (found.value.status, found.value.code) == (409, "claimed")
    services.release(task)
    assert services.provide_input(task.run_id, FINE, actor=bob).status == "succeeded"
    with pytest.raises(WrongStateError, match="answered"):
        services.claim(task, ada)


def test_whoever_may_not_answer_cannot_claim_or_delegate(task: OpenTask, ada: User) -> None:
    eve = member("eve")
    for refused in (lambda: services.claim(task, eve), lambda: services.delegate(task, ada, by=eve)):
        with pytest.raises(RefusedError) as found:
            refused()
        assert found.value.status == 403


def test_reassigned_it_is_for_one_person_until_it_is_given_back(task: OpenTask, ada: User, bob: User) -> None:
    eve = member("eve")
    services.claim(task, ada)
    services.reassign(task, eve)
    task.refresh_from_db()
    assert (task.assigned_name, task.claimed_by, task.delegated_by) == ("eve", None, None)
    assert [services.may_answer(task, each) for each in (ada, bob, eve)] == [False, False, True]
    assert list(services.get_open_tasks(eve)) == [task]
    assert not services.get_open_tasks(ada).exists()
    services.reassign(task, None)
    task.refresh_from_db()
    assert [services.may_answer(task, each) for each in (ada, bob, eve)] == [True, True, False]
    assert not services.get_open_tasks(eve).exists()


def test_delegated_it_is_answered_by_somebody_else(task: OpenTask, ada: User) -> None:
    eve = member("eve")
    services.delegate(task, eve, by=ada)
    task.refresh_from_db()
    assert task.delegated_by == str(ada.pk)
    with pytest.raises(RefusedError):
        services.provide_input(task.run_id, FINE, actor=ada)
    services.delegate(task, ada, by=eve)
    with pytest.raises(RefusedError, match="yours already"):
        services.delegate(task, ada, by=ada)
    assert services.provide_input(task.run_id, FINE, actor=ada).state["answer"] == FINE


def test_nobody_who_cannot_log_in_gets_a_task(task: OpenTask, ada: User) -> None:
    off = member("off", is_active=False)
    with pytest.raises(RefusedError, match="cannot log in"):
        services.delegate(task, off, by=ada)


@pytest.mark.django_db(transaction=True)
def test_of_two_claims_at_once_one_is_refused(task: OpenTask, ada: User, bob: User) -> None:
    users = [ada, bob]
    found = together(2, lambda: services.claim(task, users.pop()))
    refused = [each for each in found if isinstance(each, RefusedError)]
    assert len(refused) == 1
    assert refused[0].code == "claimed"


@pytest.mark.django_db(transaction=True)
def test_of_two_answers_at_once_one_is_refused(task: OpenTask, ada: User, bob: User) -> None:
    users = [ada, bob]
    found = together(2, lambda: services.provide_input(task.run_id, FINE, actor=users.pop()))
    refused = [each for each in found if isinstance(each, Exception)]
    assert [type(each) for each in refused] == [WrongStateError]
    assert not OpenTask.objects.exists()


def test_a_user_is_named_by_name_or_by_key_and_not_by_either(
    task: OpenTask, client_of: Any, ada: User, bob: User
) -> None:
    eve, at = member(str(bob.pk)), f"/inputs/{task.pk}/delegate/"

    def errors(body: dict[str, str]) -> list[str]:
        answer = client_of(ada).post(at, body, format="json")
        assert answer.status_code == 400
        return list(answer.json()["errors"])

    assert errors({"user": str(ada.pk)}) == ["user"]
    assert errors({"key": "eve"}) == ["key"]
    assert errors({"key": "9" * 30}) == ["key"]
    assert errors({"key": str(bob.pk), "user": "bob"}) == ["key"]
    assert errors({}) == ["user"]
    assert client_of(ada).post(at, {"user": str(bob.pk)}, format="json").json()["assigned_to"] == str(eve.pk)
    assert client_of(eve).post(at, {"key": str(bob.pk)}, format="json").json()["assigned_to"] == str(bob.pk)


# --- over REST --------------------------------------------------------------------------------------------------------


def test_the_list_has_due_dates_filters_and_an_order(client_of: Any, ada: User, boss: User) -> None:
    api, process = client_of(ada), asking(group("approvers"))
    with registered(process):
        late, soon, never, claimed = (start(process) for _number in range(4))
        now = timezone.now()
        OpenTask.objects.filter(pk=late.pk).update(wanted_at=now - timedelta(days=1))
        OpenTask.objects.filter(pk=soon.pk).update(wanted_at=now + timedelta(days=1))
        services.claim(claimed, member("cyd", "approvers"))

        def keys(query: str, by: Any = api) -> list[int]:
            return [each["id"] for each in by.get(f"/inputs/?{query}").json()["results"]]

        assert keys("") == [late.pk, soon.pk, never.pk]
        assert keys("order=due") == [late.pk, soon.pk, never.pk]
        assert keys("overdue=true") == [late.pk]
        assert keys("overdue=false") == [soon.pk, never.pk]
        assert keys("claimed=others") == [claimed.pk]
        assert keys("claimed=me") == []
        assert keys("all=true") == [late.pk, soon.pk, never.pk]
        assert keys("all=true", client_of(boss)) == [late.pk, soon.pk, never.pk, claimed.pk]
        assert keys("", client_of(boss)) == []
        shown = api.get("/inputs/?overdue=true").json()["results"][0]
        assert shown["is_overdue"] is True
        assert shown["form_url"].endswith(f"/tasks/{late.pk}/")


@pytest.mark.parametrize("order", ["created", "due"])
def test_pages_follow_each_other(order: str, client_of: Any, ada: User) -> None:
    api, now = client_of(ada), timezone.now()
    process = asking()
    with registered(process):
        run = services.start("asks")
    close_tasks([run.pk], "default")
    rows = []
    for number in range(120):
        run.pk, run.uid = 1_000_000 + number, uuid4()
        run.save(force_insert=True)
        wanted_at = now + timedelta(hours=number % 7) if number % 3 else None
        task = OpenTask(run_id=run.pk, root_id=run.pk, process="x", node="y", due_at=None, wanted_at=wanted_at)
        open_task(task, "default")
        rows.append(task)
    found, url = [], f"/inputs/?order={order}"
    while url:
        page = api.get(url).json()
        assert len(page["results"]) <= 50
        found += [each["id"] for each in page["results"]]
        url = page["next"]
    assert sorted(found) == sorted(row.pk for row in rows)
    assert len(found) == 120


@pytest.mark.parametrize(
    "query", ["order=name", "overdue=maybe", "claimed=you", "after=x", "order=due&after=5", "process=%00", "all=2"]
)
def test_a_query_that_is_not_understood_is_refused(query: str, client_of: Any, ada: User) -> None:
    answer = client_of(ada).get(f"/inputs/?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"]


def test_actions_say_who_may_and_why_not(task: OpenTask, client_of: Any, ada: User, bob: User, boss: User) -> None:
    services.claim(task, bob)

    def offered(user: User) -> dict[str, Any]:
        found = client_of(user).get(f"/inputs/{task.pk}/actions/").json()
        return {each["name"]: each for each in found}

    mine = offered(ada)
    assert not mine["claim"]["available"]
    assert "bob has claimed it" in str(mine["claim"])
    assert not mine["release"]["available"]
    assert not mine["reassign"]["available"]
    assert offered(bob)["release"]["available"]
    manager = offered(boss)
    assert manager["release"]["available"]
    assert manager["reassign"]["available"]
    assert manager["escalate"]["available"]


def test_each_action_is_done_over_rest_and_recorded(
    task: OpenTask, client_of: Any, ada: User, bob: User, boss: User
) -> None:
    at = f"/inputs/{task.pk}"
    assert client_of(ada).post(f"{at}/claim/").json()["claimed_name"] == "ada"
    assert client_of(bob).post(f"{at}/claim/").json()["code"] == "claimed"
    assert client_of(bob).post(f"{at}/release/").status_code == 403
    assert client_of(ada).post(f"{at}/release/").status_code == 200
    assert client_of(ada).post(f"{at}/release/").status_code == 409
    assert client_of(ada).post(f"{at}/delegate/", {"user": "bob"}, format="json").json()["assigned_name"] == "bob"
    assert client_of(ada).post(f"{at}/claim/").status_code == 404
    assert client_of(ada).post(f"{at}/reassign/", {"user": "ada"}, format="json").status_code == 403
    answer = client_of(boss).post(f"{at}/reassign/", {"user": "nobody"}, format="json")
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["user"])
    assert client_of(boss).post(f"{at}/reassign/", {"key": str(ada.pk)}, format="json").status_code == 200
    assert client_of(boss).post(f"{at}/reassign/", {}, format="json").json()["assigned_to"] is None
    assert client_of(boss).post(f"{at}/remind/").json()["reminders"] == 1
    assert client_of(boss).post(f"{at}/escalate/").json()["escalated_at"]
    assert client_of(boss).post(f"{at}/escalate/").status_code == 409
    done = EventAction.objects.filter(resource="input", outcome="succeeded").order_by("pk")
    expected = ["claim", "release", "delegate", "reassign", "reassign", "remind", "escalate"]
    assert list(done.values_list("action", flat=True)) == expected
    assert services.may_answer(OpenTask.objects.get(), member("head", "heads"))


def test_a_claimed_input_is_not_answered_by_others_over_rest(
    task: OpenTask, client_of: Any, ada: User, bob: User
) -> None:
    services.claim(task, bob)
    answer = client_of(ada).post(f"/runs/{task.run_id}/provide_input/", FINE, format="json")
    assert (answer.status_code, answer.json()["code"]) == (409, "claimed")
    assert client_of(bob).post(f"/runs/{task.run_id}/provide_input/", FINE, format="json").status_code == 200
