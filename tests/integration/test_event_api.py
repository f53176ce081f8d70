"""The records over REST: who may read them, what is shown, and the package's own action on them."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

import actions
from actions.exceptions import ActionError
from actions.models import ArchivedEventAction, EventAction, PendingCall
from example_app.models import Todo
from tests.pending import make_calls
from tests.records import in_table, make_events

pytestmark = pytest.mark.django_db

EVENTS = "/dj-actions/actionevents/"
ARCHIVE = f"{EVENTS}archive_actions/"


@pytest.fixture
def clerk() -> User:
    """Staff, but no superuser."""
    return User.objects.create_user("clerk", is_staff=True)


@pytest.fixture
def reader(clerk: User, client_of: Callable[[User | None], APIClient]) -> APIClient:
    return client_of(clerk)


@pytest.fixture
def root(staff: User, client_of: Callable[[User | None], APIClient]) -> APIClient:
    return client_of(staff)


def _found(response: Any) -> set[int]:
    assert response.status_code == 200, response.content
    return {event["id"] for event in response.data["results"]}


def test_the_package_s_urls_have_names() -> None:
    assert reverse("actions:actionevent-list") == EVENTS
    assert reverse("actions:actionevent-archive-actions") == ARCHIVE


@pytest.mark.parametrize("who", ["nobody", "alice"])
def test_only_staff_lists_records(who: str, alice: User, client_of: Callable[[User | None], APIClient]) -> None:
    make_events(1, actor_id=str(alice.pk))
    client = client_of(alice if who == "alice" else None)
    assert client.get(EVENTS).status_code == 403
    assert client.get(f"{EVENTS}actions/").status_code == 403


def test_whoever_called_reads_the_record_and_nobody_else_knows_of_it(
    alice: User, bob: User, client_of: Callable[[User | None], APIClient]
) -> None:
    url = f"{EVENTS}{make_events(1, actor_id=str(alice.pk))[0].pk}/"
    asked = [
        (client_of(who).get(url).status_code, client_of(who).delete(url).status_code) for who in (alice, bob, None)
    ]
    assert asked == [(200, 409), (404, 404), (403, 403)]


def test_a_call_of_nobody_is_nobody_s_own(alice: User, client_of: Callable[[User | None], APIClient]) -> None:
    event = make_events(1, actor_id=None)[0]
    assert client_of(alice).get(f"{EVENTS}{event.pk}/").status_code == 404


def test_the_actions_of_a_record_are_told_to_whoever_called(
    alice: User, bob: User, client_of: Callable[[User | None], APIClient]
) -> None:
    url = f"{EVENTS}{make_events(1, actor_id=str(alice.pk))[0].pk}/actions/"
    told = {entry["name"]: entry for entry in client_of(alice).get(url).json()}
    assert set(told) == {"undo", "replay"}
    assert [each["reasons"][0]["code"] for each in told.values()] == ["not_undoable", "not_replayable"]
    assert client_of(bob).get(url).status_code == 404


def test_a_record_shows_every_column_but_the_hashes_of_keys(reader: APIClient) -> None:
    event = make_events(1, changes=[{"model": "example_app.todo"}], key_hash="0" * 64, request_hash="1" * 64)[0]
    shown = reader.get(f"{EVENTS}{event.pk}/").json()
    columns = {field.name for field in EventAction._meta.concrete_fields} - {"key_hash", "request_hash"}
    assert set(shown) == columns | {"progress", "due_at", "deliveries"}
    assert (shown["uid"], shown["request_data"], shown["changes"]) == (
        str(event.uid),
        event.request_data,
        event.changes,
    )
    assert set(reader.get(EVENTS).json()["results"][0]) == set(shown)


def test_only_staff_sees_the_exception(
    alice: User, reader: APIClient, client_of: Callable[[User | None], APIClient]
) -> None:
    error = {"code": "failed", "detail": "It failed.", "errors": {}, "exception": "ValueError: x", "traceback": "…"}
    url = f"{EVENTS}{make_events(1, actor_id=str(alice.pk), outcome='failed', error=error)[0].pk}/"
    assert reader.get(url).json()["error"] == error
    assert set(client_of(alice).get(url).json()["error"]) == {"code", "detail", "errors"}


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_nobody_writes_records(method: str, root: APIClient) -> None:
    event = make_events(1)[0]
    path = EVENTS if method == "post" else f"{EVENTS}{event.pk}/"
    assert getattr(root, method)(path, {"action": "forged"}, format="json").status_code == 405
    event.refresh_from_db()
    assert event.action == "mark_done"


class TestPolling:
    def test_what_waits_is_202_with_the_moment_that_it_begins(self, reader: APIClient) -> None:
        call = make_calls(1, ago=-timedelta(hours=1), request={"data": {"json": {"password": "4711-0815"}}})[0]
        response = reader.get(f"{EVENTS}{call.pk}/")

        assert response.status_code == 202
        assert 3500 < int(response["Retry-After"]) <= 3600
        assert response.json()["due_at"] is not None
        assert (response.json()["outcome"], response.json()["progress"]) == ("pending", None)
        assert b"4711" not in response.content

    def test_what_is_due_is_asked_for_again_soon(self, reader: APIClient) -> None:
        response = reader.get(f"{EVENTS}{make_calls(1)[0].pk}/")
        assert (response.status_code, response["Retry-After"]) == (202, "2")

    def test_what_runs_shows_how_far_it_is(self, reader: APIClient) -> None:
        progress = {"done": 3, "total": 7, "message": "Half way."}
        call = make_calls(1, ago=-timedelta(minutes=5), progress=progress, attempts=1)[0]
        EventAction.objects.update(outcome="running")
        response = reader.get(f"{EVENTS}{call.pk}/")

        assert (response.status_code, response["Retry-After"]) == (202, "2")
        assert (response.json()["progress"], response.json()["due_at"]) == (progress, None)

    def test_what_runs_without_a_worker_is_202_too(self, reader: APIClient) -> None:
        event = make_events(1, outcome="running", status_code=202)[0]
        assert reader.get(f"{EVENTS}{event.pk}/").status_code == 202

    @pytest.mark.parametrize("outcome", ["succeeded", "refused", "failed", "cancelled"])
    def test_what_is_over_is_200_with_its_result(self, outcome: str, reader: APIClient) -> None:
        event = make_events(1, outcome=outcome, response_data={"id": 7})[0]
        response = reader.get(f"{EVENTS}{event.pk}/")
        assert (response.status_code, response.has_header("Retry-After")) == (200, False)
        assert (response.json()["response_data"], response.json()["progress"]) == ({"id": 7}, None)

    def test_it_costs_one_statement_and_one_for_its_deliveries(self, reader: APIClient) -> None:
        for event in (make_calls(1)[0].event, make_events(1)[0]):
            with CaptureQueriesContext(connection) as statements:
                reader.get(f"{EVENTS}{event.pk}/")
            assert len(statements) == 2
            assert "request" not in statements[0]["sql"].replace("request_data", "").replace("request_hash", "")

    def test_a_list_with_calls_that_wait_costs_two_statements(self, reader: APIClient) -> None:
        make_calls(20)
        with CaptureQueriesContext(connection) as statements:
            reader.get(EVENTS)
        assert len(statements) == 2

    def test_a_call_for_later_points_to_where_it_is_asked_for(
        self, todo: Todo, alice: User, client_of: Callable[[User | None], APIClient]
    ) -> None:
        client = client_of(alice)
        accepted = client.post(f"/todos/{todo.pk}/mark_done/", {}, format="json", HTTP_PREFER="respond-async")
        assert accepted.status_code == 202
        assert client.get(accepted["Location"]).status_code == 202
        assert client.delete(accepted["Location"]).status_code == 204
        assert client.get(accepted["Location"]).json()["outcome"] == "cancelled"


class TestCancelling:
    def test_what_waits_is_cancelled_once(self, reader: APIClient) -> None:
        url = f"{EVENTS}{make_calls(1)[0].pk}/"
        assert reader.delete(url).status_code == 204
        assert EventAction.objects.get().outcome == "cancelled"
        assert not PendingCall.objects.exists()
        response = reader.delete(url)
        assert (response.status_code, response["Content-Type"]) == (409, "application/problem+json")
        assert (response.json()["code"], response.json()["detail"]) == ("not_cancellable", "It is over.")

    @pytest.mark.parametrize("outcome", ["pending", "running"])
    def test_what_has_begun_is_not(self, outcome: str, reader: APIClient) -> None:
        call = make_calls(1, attempts=1)[0]
        EventAction.objects.update(outcome=outcome)
        response = reader.delete(f"{EVENTS}{call.pk}/")
        assert (response.status_code, response.json()["code"]) == (409, "not_cancellable")
        assert "begun" in response.json()["detail"]
        assert PendingCall.objects.exists()


@pytest.mark.parametrize("key", ["999999", "9" * 40, "abc", "0x7"])
def test_a_key_that_is_none_is_not_found(key: str, reader: APIClient) -> None:
    assert reader.get(f"{EVENTS}{key}/").status_code == 404


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("resource", "parcel"),
        ("action", "ship"),
        ("object_id", "8"),
        ("actor_id", "2"),
        ("outcome", "failed"),
        ("door", "admin"),
        ("correlation_id", "gesture"),
        ("status_code", 500),
        ("action_type", "bulk"),
        ("outcome", "pending"),
        ("outcome", "running"),
        ("outcome", "cancelled"),
        ("is_held", True),
        ("parent_uid", "7b1c2a4e-0d5f-4f43-9a55-0c7f5a3c1d11"),
    ],
)
def test_records_are_filtered_by(column: str, value: Any, reader: APIClient) -> None:
    make_events(2)
    wanted = make_events(1, **{column: value})[0]
    assert _found(reader.get(EVENTS, {column: value})) == {wanted.pk}


@pytest.mark.parametrize(("parameter", "index"), [("created_after", 1), ("created_before", 0)])
def test_records_are_filtered_by_time(parameter: str, index: int, reader: APIClient) -> None:
    old, new = make_events(1, age=timedelta(days=3)), make_events(1, age=timedelta(days=1))
    moment = timezone.now() - timedelta(days=2)
    expected = {(old, new)[index][0].pk}
    assert _found(reader.get(EVENTS, {parameter: moment.isoformat()})) == expected
    assert _found(reader.get(EVENTS, {parameter: moment.date().isoformat()})) == expected


@pytest.mark.parametrize("offset", ["+00:00", "-10:00", "+19:07", "+23:59", "-23:59"])
@pytest.mark.parametrize(
    ("day", "parameter"),
    [("0001-01-01", "created_after"), ("2000-01-01", "created_after"), ("9999-12-31", "created_before")],
)
def test_records_are_filtered_by_moments_in_any_time_zone(
    day: str, parameter: str, offset: str, reader: APIClient
) -> None:
    wanted = make_events(1)[0]
    other = {"created_after": "created_before", "created_before": "created_after"}[parameter]
    assert _found(reader.get(EVENTS, {parameter: f"{day}T12:00:00{offset}"})) == {wanted.pk}
    assert _found(reader.get(EVENTS, {other: f"{day}T12:00:00{offset}"})) == set()


@pytest.mark.parametrize(
    "query", [{"created_after": "yesterday"}, {"outcome": "lost"}, {"uid": "7"}, {"object_id": "a\0b"}]
)
def test_a_filter_s_value_that_makes_no_sense_is_400(query: dict[str, str], reader: APIClient) -> None:
    assert reader.get(EVENTS, query).status_code == 400


def test_pages_follow_each_other_newest_first_by_cursor(reader: APIClient) -> None:
    events = make_events(5)
    seen: list[int] = []
    url: str | None = f"{EVENTS}?page_size=2"
    while url:
        page = reader.get(url).json()
        seen += [event["id"] for event in page["results"]]
        # What is recorded meanwhile moves no page.
        make_events(1)
        url = page["next"]
    assert seen == sorted((event.pk for event in events), reverse=True)


def test_a_page_costs_the_same_statements_whatever_the_number_of_records(reader: APIClient) -> None:
    make_events(3)
    with CaptureQueriesContext(connection) as few:
        reader.get(EVENTS)
    make_events(300)
    with CaptureQueriesContext(connection) as many:
        reader.get(EVENTS)
    assert len(many) == len(few) == 2


@pytest.mark.parametrize("cursor", ["x", "cD1hYmM=", b64encode(b"p=9" + b"9" * 40).decode(), "%00", "r=1"])
def test_a_cursor_that_is_none_is_no_server_error(cursor: str, reader: APIClient) -> None:
    make_events(1)
    response = reader.get(EVENTS, {"cursor": cursor})
    assert response.status_code in (200, 404)


def test_the_browsable_api_shows_records(reader: APIClient) -> None:
    make_events(1)
    response = reader.get(EVENTS, HTTP_ACCEPT="text/html")
    assert (response.status_code, b"mark_done" in response.content) == (200, True)


def test_superusers_archive_over_rest_and_are_told_the_number_moved(root: APIClient) -> None:
    old, newer = make_events(3, age=timedelta(days=40)), make_events(1, age=timedelta(days=1))
    response = root.post(ARCHIVE, {"delete_before": (timezone.now() - timedelta(days=30)).isoformat()}, format="json")
    assert response.status_code == 200
    assert response.json() == {"meta": {"count": 3, "destination": "table"}, "results": []}
    assert sorted(in_table()) == sorted(event.uid for event in old)
    assert EventAction.objects.filter(pk=newer[0].pk).exists()


def test_a_date_alone_will_do_and_so_will_a_form(root: APIClient) -> None:
    make_events(2)
    today = timezone.localdate().isoformat()
    assert root.post(ARCHIVE, {"delete_before": today}, format="multipart").json()["meta"]["count"] == 2


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Lima"])
@pytest.mark.parametrize(
    ("moment", "count"), [("0001-01-01", 0), ("9999-12-31", 1), ("9999-12-31T12:00:00Z", 1), ("0001-01-01T12:00Z", 0)]
)
def test_the_ends_of_the_calendar_are_moments_like_others(
    moment: str, count: int, zone: str, root: APIClient, settings: Any
) -> None:
    settings.TIME_ZONE = zone
    make_events(1)
    response = root.post(ARCHIVE, {"delete_before": moment}, format="json")
    assert (response.status_code, response.json()["meta"]["count"]) == (200, count)


def test_held_records_stay_when_archived_over_rest(root: APIClient) -> None:
    make_events(1, is_held=True)
    assert root.post(ARCHIVE, {"delete_before": "2100-01-01"}, format="json").json()["meta"]["count"] == 0


@pytest.mark.parametrize("who", ["nobody", "alice", "clerk"])
def test_nobody_else_archives(
    who: str, alice: User, clerk: User, client_of: Callable[[User | None], APIClient]
) -> None:
    make_events(1)
    client = client_of({"alice": alice, "clerk": clerk}.get(who))
    response = client.post(ARCHIVE, {"delete_before": "2100-01-01"}, format="json")
    assert response.status_code == 403
    assert response.json()["code"] in {"permission_denied", "not_authenticated"}
    assert EventAction.objects.filter(action="mark_done").count() == 1
    assert not ArchivedEventAction.objects.exists()


@pytest.mark.parametrize(
    "payload",
    [{}, {"delete_before": "soon"}, {"delete_before": 7}, {"delete_before": None}, {"before": "2026-01-01"}, [], "x"],
)
def test_a_payload_without_a_moment_is_400(payload: Any, root: APIClient) -> None:
    make_events(1)
    response = root.post(ARCHIVE, payload, format="json")
    assert response.status_code == 400
    assert response.json()["errors"]
    assert not ArchivedEventAction.objects.exists()


def test_archiving_leaves_a_record_of_its_own(root: APIClient, staff: User) -> None:
    make_events(1)
    root.post(ARCHIVE, {"delete_before": "2100-01-01"}, format="json")
    event = EventAction.objects.get()
    assert (event.resource, event.action, event.actor_id) == ("actionevent", "archive_actions", str(staff.pk))
    assert event.response_data["meta"]["count"] == 1


@pytest.mark.django_db(transaction=True)
def test_each_batch_archived_over_rest_is_a_transaction_of_its_own(
    root: APIClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DJACTION_ARCHIVE_BATCH_SIZE = 1
    make_events(3)
    commits: list[None] = []
    commit = connection.commit
    monkeypatch.setattr(connection, "commit", lambda: (commits.append(None), commit()))
    root.post(ARCHIVE, {"delete_before": "2100-01-01"}, format="json")
    assert len(commits) == 3


def test_the_python_door_archives_with_the_same_permissions(staff: User, clerk: User) -> None:
    make_events(2)
    with pytest.raises(ActionError) as refused:
        actions.perform("actionevent:archive_actions", data={"delete_before": "2100-01-01"}, actor=clerk)
    assert refused.value.status == 403
    EventAction.objects.filter(action="archive_actions").delete()
    outcome = actions.perform("actionevent:archive_actions", data={"delete_before": "2100-01-01"}, actor=staff)
    assert outcome.body["meta"]["count"] == 2


def test_the_action_documents_itself(root: APIClient) -> None:
    document = root.get(ARCHIVE).json()
    assert document["title"] == "Archive records"
    assert [field["name"] for field in document["fields"]] == ["delete_before"]
    listed = root.get(f"{EVENTS}actions/").json()
    assert [entry["id"] for entry in listed["bulk_actions"]] == ["archive_actions"]
