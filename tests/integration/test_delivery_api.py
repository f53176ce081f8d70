"""Deliveries over REST: who may read them, what is shown, and what may be done with them."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

import actions
from actions.exceptions import ActionError
from actions.models import Delivery, EventAction, HookState
from tests.deliveries import fail, make_deliveries
from tests.records import make_events

pytestmark = pytest.mark.django_db

DELIVERIES = "/dj-actions/deliveries/"
STATES = ("waiting", "followed", "delivered", "dead", "discarded")


@pytest.fixture
def clerk() -> User:
    """Staff, but without any permission."""
    return User.objects.create_user("clerk", is_staff=True)


@pytest.fixture
def operator() -> User:
    """Staff with Django's permission."""
    user = User.objects.create_user("operator", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_delivery"))
    return user


@pytest.fixture
def reader(clerk: User, client_of: Callable[[User | None], APIClient]) -> APIClient:
    return client_of(clerk)


@pytest.fixture
def desk(operator: User, client_of: Callable[[User | None], APIClient]) -> APIClient:
    """The operator's client."""
    return client_of(operator)


def _found(response: Any) -> list[int]:
    assert response.status_code == 200, response.content
    return [delivery["id"] for delivery in response.data["results"]]


def _states() -> list[str]:
    return list(Delivery.objects.order_by("id").values_list("state", flat=True))


class TestReading:
    def test_the_urls_have_names(self) -> None:
        assert reverse("actions:delivery-list") == DELIVERIES
        assert reverse("actions:delivery-retry", args=[7]) == f"{DELIVERIES}7/retry/"

    @pytest.mark.parametrize("who", ["nobody", "alice"])
    def test_only_staff_reads(self, who: str, alice: User, client_of: Callable[[User | None], APIClient]) -> None:
        key = make_deliveries()[0].pk
        client = client_of(alice if who == "alice" else None)
        paths = [DELIVERIES, f"{DELIVERIES}{key}/", f"{DELIVERIES}actions/", f"{DELIVERIES}{key}/actions/"]
        assert [client.get(path).status_code for path in paths] == [403] * 4

    def test_every_column_is_shown_but_those_of_the_queue(self, reader: APIClient) -> None:
        row = make_deliveries(state="delivered", tries=2, receipt={"status": 204}, error="", order_key="crm|todo|7")[0]
        shown = reader.get(f"{DELIVERIES}{row.pk}/").json()
        assert set(shown) == {field.name for field in Delivery._meta.concrete_fields} - {"order_key", "fence"}
        facts = {name: shown[name] for name in ("uid", "event", "hook", "state", "message", "receipt", "tries")}
        assert facts == {
            "uid": str(row.uid),
            "event": row.event_id,
            "hook": "crm",
            "state": "delivered",
            "message": row.message,
            "receipt": {"status": 204},
            "tries": 2,
        }

    def test_keys_that_a_definition_says_are_masked(self, reader: APIClient) -> None:
        row = make_deliveries(options={"conf": {"list": 3}, "headers": {"api_key": "4711-0815"}})[0]
        shown = reader.get(f"{DELIVERIES}{row.pk}/").json()["options"]
        assert shown == {"conf": {"list": 3}, "headers": {"api_key": "********"}}

    def test_a_delivery_outlives_its_record(self, reader: APIClient) -> None:
        row = make_deliveries(state="delivered")[0]
        EventAction.objects.all().delete()
        assert reader.get(f"{DELIVERIES}{row.pk}/").json()["event"] == row.event_id
        assert _found(reader.get(DELIVERIES)) == [row.pk]

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("state", "dead"),
            ("hook", "etl"),
            ("correlation_id", "gesture"),
            ("uid", "7f15d864-c74b-45a8-bb2d-1b25bf275293"),
        ],
    )
    def test_deliveries_are_filtered_by(self, column: str, value: str, reader: APIClient) -> None:
        make_deliveries(2)
        wanted = make_deliveries(**{column: value})[0]
        assert _found(reader.get(DELIVERIES, {column: value})) == [wanted.pk]

    def test_deliveries_are_filtered_by_their_record(self, reader: APIClient) -> None:
        make_deliveries(2)
        event = make_events()[0]
        wanted = make_deliveries(2, event=event)
        assert _found(reader.get(DELIVERIES, {"event": event.pk})) == [wanted[1].pk, wanted[0].pk]

    @pytest.mark.parametrize("query", [{"state": "lost"}, {"event": "x"}, {"event": "9" * 40}, {"uid": "7"}])
    def test_a_filter_s_value_that_makes_no_sense_is_400(self, query: dict[str, str], reader: APIClient) -> None:
        assert reader.get(DELIVERIES, query).status_code == 400

    def test_pages_follow_each_other_newest_first_by_cursor(self, reader: APIClient) -> None:
        rows = make_deliveries(5)
        seen: list[int] = []
        url: str | None = f"{DELIVERIES}?page_size=2"
        while url:
            page = reader.get(url).json()
            seen += [each["id"] for each in page["results"]]
            make_deliveries()
            url = page["next"]
        assert seen == sorted((row.pk for row in rows), reverse=True)

    def test_a_page_costs_one_statement(self, reader: APIClient) -> None:
        make_deliveries(30)
        with CaptureQueriesContext(connection) as statements:
            assert len(_found(reader.get(DELIVERIES))) == 30
        assert len(statements) == 1

    @pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
    def test_nobody_writes_deliveries(
        self, method: str, staff: User, client_of: Callable[[User | None], APIClient]
    ) -> None:
        row = make_deliveries()[0]
        path = DELIVERIES if method == "post" else f"{DELIVERIES}{row.pk}/"
        assert getattr(client_of(staff), method)(path, {"state": "delivered"}, format="json").status_code == 405
        assert _states() == ["waiting"]


class TestRetry:
    @pytest.mark.parametrize("state", ["waiting", "dead"])
    def test_what_was_not_taken_is_due_at_once(self, state: str, desk: APIClient) -> None:
        row = make_deliveries(state=state, tries=9, first_tried_at=timezone.now())[0]
        fail("crm")
        response = desk.post(f"{DELIVERIES}{row.pk}/retry/", {}, format="json")

        assert response.status_code == 200, response.content
        assert (response.json()["id"], response.json()["state"], response.json()["tries"]) == (row.pk, "waiting", 0)
        row.refresh_from_db()
        assert row.due_at <= timezone.now()
        assert (row.first_tried_at, row.ended_at, row.fence) == (None, None, 1)
        assert HookState.objects.get().paused_until is None

    @pytest.mark.parametrize("state", ["followed", "delivered", "discarded"])
    def test_what_the_receiver_has_or_nobody_needs_is_refused(self, state: str, desk: APIClient) -> None:
        row = make_deliveries(state=state)[0]
        response = desk.post(f"{DELIVERIES}{row.pk}/retry/", {}, format="json")
        assert (response.status_code, response.json()["code"]) == (409, "not_retryable")
        assert response.json()["detail"] == f"It is {state}: only what is waiting or dead can be sent again."
        assert _states() == [state]

    def test_what_ends_while_it_is_asked_for_is_refused(self, desk: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
        row = make_deliveries(state="dead")[0]
        monkeypatch.setattr("actions.delivery.retry", lambda rows: 0)
        response = desk.post(f"{DELIVERIES}{row.pk}/retry/", {}, format="json")
        assert (response.status_code, response.json()["code"]) == (409, "not_retryable")

    def test_several_are_retried_by_their_keys(self, desk: APIClient) -> None:
        rows = make_deliveries(3, state="dead")
        response = desk.post(f"{DELIVERIES}retry/", {"ids": [row.pk for row in rows[:2]]}, format="json")
        assert (response.status_code, response.json()["counts"]["succeeded"]) == (200, 2)
        assert _states() == ["waiting", "waiting", "dead"]

    def test_all_that_a_filter_finds_are_retried(self, desk: APIClient) -> None:
        make_deliveries(2, state="dead")
        make_deliveries(1, state="dead", hook="etl")
        make_deliveries(1, state="delivered")
        response = desk.post(f"{DELIVERIES}retry/?state=dead&hook=crm", {}, format="json")
        assert response.status_code == 200, response.content
        assert _states() == ["waiting", "waiting", "dead", "delivered"]

    def test_of_several_all_or_none_unless_it_is_to_go_on(self, desk: APIClient) -> None:
        ids = [make_deliveries(state=state)[0].pk for state in ("dead", "delivered")]
        refused = desk.post(f"{DELIVERIES}retry/", {"ids": ids}, format="json")
        assert (refused.status_code, refused.json()["results"][0]["error"]["code"]) == (400, "not_retryable")
        assert _states() == ["dead", "delivered"]
        response = desk.post(f"{DELIVERIES}retry/", {"ids": ids}, format="json", HTTP_PREFER="continue-on-error")
        assert response.json()["counts"] == {"total": 2, "succeeded": 1, "failed": 1}
        assert _states() == ["waiting", "delivered"]

    def test_it_leaves_a_record(self, desk: APIClient, operator: User) -> None:
        row = make_deliveries(state="dead")[0]
        desk.post(f"{DELIVERIES}{row.pk}/retry/", {}, format="json")
        event = EventAction.objects.get(resource="delivery")
        assert (event.action, event.object_id, event.actor_id) == ("retry", str(row.pk), str(operator.pk))


class TestDiscard:
    @pytest.mark.parametrize("state", ["waiting", "followed", "dead"])
    def test_what_is_open_is_not_sent_any_more(self, state: str, desk: APIClient) -> None:
        row = make_deliveries(state=state)[0]
        response = desk.post(f"{DELIVERIES}{row.pk}/discard/", {}, format="json")
        assert (response.status_code, response.json()["state"], response.json()["due_at"]) == (200, "discarded", None)
        row.refresh_from_db()
        assert row.ended_at is not None

    @pytest.mark.parametrize("state", ["delivered", "discarded"])
    def test_what_is_over_is_refused(self, state: str, desk: APIClient) -> None:
        row = make_deliveries(state=state)[0]
        response = desk.post(f"{DELIVERIES}{row.pk}/discard/", {}, format="json")
        assert (response.status_code, response.json()["code"]) == (409, "not_discardable")
        assert _states() == [state]

    def test_what_ends_while_it_is_asked_for_is_refused(self, desk: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
        row = make_deliveries(state="dead")[0]
        monkeypatch.setattr("actions.delivery.discard", lambda rows: 0)
        response = desk.post(f"{DELIVERIES}{row.pk}/discard/", {}, format="json")
        assert (response.status_code, response.json()["code"]) == (409, "not_discardable")

    def test_what_waited_behind_it_goes_on(self, desk: APIClient) -> None:
        first, second = make_deliveries(2, order_key="crm|todo|7")
        Delivery.objects.filter(pk=first.pk).update(state="dead", due_at=None)
        Delivery.objects.filter(pk=second.pk).update(due_at=None)
        desk.post(f"{DELIVERIES}{first.pk}/discard/", {}, format="json")
        second.refresh_from_db()
        assert second.due_at is not None

    def test_a_preview_shows_it_and_its_plan_does_it(self, desk: APIClient) -> None:
        row = make_deliveries(state="dead")[0]
        url = f"{DELIVERIES}{row.pk}/discard/"
        preview = desk.post(url, {}, format="json", HTTP_PREFER="dry-run").json()
        assert {(each["field"], each["after"]) for each in preview["changes"]} >= {("state", "discarded")}
        assert _states() == ["dead"]
        assert desk.post(url, {}, format="json", HTTP_IF_PLAN=preview["plan"]).status_code == 200
        assert _states() == ["discarded"]


class TestPermissions:
    @pytest.mark.parametrize("action", ["retry", "discard"])
    @pytest.mark.parametrize("who", ["nobody", "alice", "clerk"])
    def test_it_takes_the_permission_to_change_deliveries(
        self, who: str, action: str, alice: User, clerk: User, client_of: Callable[[User | None], APIClient]
    ) -> None:
        row = make_deliveries(state="dead")[0]
        client = client_of({"alice": alice, "clerk": clerk}.get(who))
        assert client.post(f"{DELIVERIES}{row.pk}/{action}/", {}, format="json").status_code == 403
        assert client.post(f"{DELIVERIES}{action}/", {"ids": [row.pk]}, format="json").status_code == 403
        assert _states() == ["dead"]

    def test_the_permission_alone_is_not_enough(
        self, alice: User, client_of: Callable[[User | None], APIClient]
    ) -> None:
        alice.user_permissions.add(Permission.objects.get(codename="change_delivery"))
        row = make_deliveries(state="dead")[0]
        assert client_of(alice).post(f"{DELIVERIES}{row.pk}/retry/", {}, format="json").status_code == 403

    def test_the_actions_of_a_delivery_are_told_with_their_reasons(self, reader: APIClient, desk: APIClient) -> None:
        row = make_deliveries(state="delivered")[0]
        told = {each["name"]: each for each in desk.get(f"{DELIVERIES}{row.pk}/actions/").json()}
        assert {name: each["reasons"][0]["code"] for name, each in told.items()} == {
            "retry": "not_retryable",
            "discard": "not_discardable",
        }
        kinds = [each["reasons"][0]["kind"] for each in reader.get(f"{DELIVERIES}{row.pk}/actions/").json()]
        assert kinds == ["permission", "permission"]

    def test_the_actions_of_many_are_told_in_statements_for_all(self, desk: APIClient) -> None:
        few, many = [make_deliveries(count, state="dead") for count in (2, 20)]

        def asked(rows: list[Delivery]) -> int:
            with CaptureQueriesContext(connection) as statements:
                desk.get(f"{DELIVERIES}actions/", {"ids": ",".join(str(row.pk) for row in rows)})
            return len(statements)

        asked(few)
        assert asked(few) == asked(many)


class TestOtherDoors:
    def test_python(self, staff: User, clerk: User) -> None:
        row = make_deliveries(state="dead")[0]
        with pytest.raises(ActionError) as refused:
            actions.perform("delivery:retry", row, actor=clerk)
        assert refused.value.status == 403
        actions.perform("delivery:retry", row, actor=staff)
        assert _states() == ["waiting"]

    def test_the_command(self, staff: User) -> None:
        row = make_deliveries(state="dead")[0]
        out = StringIO()
        call_command("action", "delivery", "retry", str(row.pk), "--as", staff.username, stdout=out, stderr=StringIO())
        assert (json.loads(out.getvalue())["state"], _states()) == ("waiting", ["waiting"])

    def test_the_command_discards_nothing_without_being_told_so(self, staff: User) -> None:
        row = make_deliveries(state="dead")[0]
        words = ["action", "delivery", "discard", str(row.pk), "--as", staff.username]
        with pytest.raises(CommandError):
            call_command(*words, stdout=StringIO(), stderr=StringIO())
        assert _states() == ["dead"]
        call_command(*words, "--yes", stdout=StringIO(), stderr=StringIO())
        assert _states() == ["discarded"]


class TestOfARecord:
    def test_a_record_says_where_it_goes(self, reader: APIClient) -> None:
        event = make_events()[0]
        rows = make_deliveries(event=event) + make_deliveries(event=event, hook="etl", state="dead")
        make_deliveries()
        shown = reader.get(f"/dj-actions/actionevents/{event.pk}/").json()["deliveries"]
        assert shown == [{"uid": str(row.uid), "hook": row.hook, "state": row.state} for row in rows]

    def test_a_page_of_records_costs_one_statement_more(self, reader: APIClient) -> None:
        for event in make_events(10):
            make_deliveries(2, event=event)
        with CaptureQueriesContext(connection) as statements:
            reader.get("/dj-actions/actionevents/")
        assert len(statements) == 2
        assert "message" not in statements[1]["sql"]
