"""Deliveries, states of hooks and stored webhooks in Django's admin."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from actions.models import Delivery, EventAction, HookState, WebhookEndpoint
from actions.signatures import check_secret, new_secret
from tests.deliveries import fail, make_deliveries, make_endpoint
from tests.receivers import Receiver, Reply
from tests.records import make_events

pytestmark = pytest.mark.django_db

DELIVERIES = "/admin/actions/delivery/"
STATES = "/admin/actions/hookstate/"
ENDPOINTS = "/admin/actions/webhookendpoint/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")


@pytest.fixture
def page(client: Client, staff: User) -> Client:
    """A superuser's browser."""
    client.force_login(staff)
    return client


@pytest.fixture
def viewer(client: Client) -> Client:
    """The browser of somebody who may only look."""
    user = User.objects.create_user("viewer", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=["view_delivery", "view_webhookendpoint"]))
    client.force_login(user)
    return client


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)
    with Receiver(Reply(204)) as made:
        yield made


def _text(response: Any) -> str:
    assert response.status_code == 200
    return unescape(response.content.decode())


def _listed(response: Any) -> list[int]:
    assert response.status_code == 200
    return [row.pk for row in response.context["cl"].result_list]


def _field(response: Any, name: str) -> str:
    """A hidden field of a page."""
    found = re.search(rf'name="{name}" value="([^"]*)"', response.content.decode())
    assert found, name
    return unescape(found[1])


def _selected(*rows: Any) -> list[str]:
    return [str(row.pk) for row in rows]


class TestDeliveries:
    def test_they_are_listed_newest_first_with_a_link_to_their_record(self, page: Client) -> None:
        rows = make_deliveries(2, tries=4, error="500: The receiver answered 500. " * 9)
        response = page.get(DELIVERIES)
        assert _listed(response) == [rows[1].pk, rows[0].pk]
        text = _text(response)
        assert f'<a href="/admin/actions/eventaction/{rows[0].event_id}/change/">' in text
        assert f"{rows[0].event_id}: todo.mark_done.succeeded</a>" in text
        assert "answered 500. " * 9 not in text

    def test_one_whose_record_is_archived_is_listed_too(self, page: Client) -> None:
        row = make_deliveries(state="delivered")[0]
        EventAction.objects.all().delete()
        assert _listed(page.get(DELIVERIES)) == [row.pk]
        assert page.get(f"{DELIVERIES}{row.pk}/change/").status_code == 200

    @pytest.mark.parametrize(
        ("query", "expected"), [({"state__exact": "dead"}, [1]), ({"hook": "etl"}, [2]), ({"hook": "crm"}, [1, 0])]
    )
    def test_they_are_filtered(self, query: dict[str, str], expected: list[int], page: Client) -> None:
        rows = [make_deliveries()[0], make_deliveries(state="dead")[0], make_deliveries(hook="etl")[0]]
        assert _listed(page.get(DELIVERIES, query)) == [rows[index].pk for index in expected]

    def test_the_filter_offers_the_hooks_of_the_settings_and_the_stored_ones(self, page: Client, settings: Any) -> None:
        settings.DJACTION_HOOKS = {"all": {"type": "endpoints"}}
        endpoint = make_endpoint()
        text = _text(page.get(DELIVERIES))
        assert "?hook=all" in text
        assert f"?hook=endpoint%3A{endpoint.uid}" in text

    def test_the_list_costs_the_same_for_many(self, page: Client) -> None:
        def asked() -> int:
            with CaptureQueriesContext(connection) as statements:
                page.get(DELIVERIES)
            return len(statements)

        make_deliveries(2)
        few = asked()
        make_deliveries(30)
        assert asked() == few

    def test_one_is_shown_with_readable_json_and_without_keys(self, page: Client) -> None:
        row = make_deliveries(state="delivered", receipt={"status": 204}, options={"api_key": "4711-0815"})[0]
        text = _text(page.get(f"{DELIVERIES}{row.pk}/change/"))
        assert '"data": {\n    "ä": [\n      1\n    ]\n  }' in text
        assert '"status": 204' in text
        assert "4711-0815" not in text
        assert str(row.uid) in text

    @pytest.mark.parametrize("path", ["add/", "{pk}/delete/", "{pk}/change/"])
    def test_nobody_writes_them(self, path: str, page: Client) -> None:
        row = make_deliveries()[0]
        response = page.post(DELIVERIES + path.format(pk=row.pk), {"post": "yes", "state": "delivered"})
        assert response.status_code == 403
        assert Delivery.objects.get().state == "waiting"

    def test_the_selected_ones_are_retried(self, page: Client) -> None:
        rows = make_deliveries(3, state="dead")
        chosen = page.post(DELIVERIES, {"action": "delivery:retry", "_selected_action": _selected(*rows[:2])})
        form = {"djaction-step": "run", "djaction-ids": _field(chosen, "djaction-ids")}
        response = page.post(f"{DELIVERIES}_actions/retry/", form, follow=True)
        assert "Retry: done." in _text(response)
        assert list(Delivery.objects.order_by("id").values_list("state", flat=True)) == ["waiting", "waiting", "dead"]

    def test_one_is_discarded_after_it_was_shown(self, page: Client) -> None:
        row = make_deliveries(state="dead")[0]
        url = f"{DELIVERIES}{row.pk}/_actions/discard/"
        shown = page.post(url, {"djaction-step": "run"})
        assert Delivery.objects.get().state == "dead"
        form = {"djaction-step": "confirm", "djaction-plan": _field(shown, "djaction-plan")}
        assert "Discard: done." in _text(page.post(url, form, follow=True))
        assert Delivery.objects.get().state == "discarded"

    def test_the_page_of_one_that_is_over_says_why_nothing_can_be_done(self, page: Client) -> None:
        row = make_deliveries(state="delivered")[0]
        text = _text(page.get(f"{DELIVERIES}{row.pk}/change/"))
        assert "only what is waiting or dead can be sent again" in text

    def test_those_who_may_only_look_do_nothing(self, viewer: Client) -> None:
        row = make_deliveries(state="dead")[0]
        assert "delivery:retry" not in _text(viewer.get(DELIVERIES))
        assert "_actions" not in _text(viewer.get(f"{DELIVERIES}{row.pk}/change/"))
        assert viewer.post(f"{DELIVERIES}{row.pk}/_actions/retry/", {"djaction-step": "run"}).status_code == 403
        assert Delivery.objects.get().state == "dead"

    def test_those_without_a_permission_see_nothing(self, client: Client) -> None:
        client.force_login(User.objects.create_user("clerk", is_staff=True))
        assert [client.get(path).status_code for path in (DELIVERIES, STATES, ENDPOINTS)] == [403] * 3

    def test_the_page_of_a_record_shows_where_it_goes(self, page: Client) -> None:
        event = make_events(downstream={"etl": {"dag_run_id": "run-7"}})[0]
        row = make_deliveries(event=event, state="dead")[0]
        text = _text(page.get(f"/admin/actions/eventaction/{event.pk}/change/"))
        assert f'<a href="{DELIVERIES}{row.pk}/change/">crm</a>: dead' in text
        assert '"dag_run_id": "run-7"' in text


class TestStates:
    def test_they_are_read_only(self, page: Client) -> None:
        state = fail("endpoint:8e03978e")
        assert "The receiver answered 500." in _text(page.get(STATES))
        url = f"{STATES}endpoint_3A8e03978e/"
        assert "The receiver answered 500." in _text(page.get(f"{url}change/"))
        assert [page.post(url + path, {"post": "yes"}).status_code for path in ("change/", "delete/")] == [403] * 2
        assert HookState.objects.get() == state


class TestEndpoints:
    def test_one_is_added_and_its_secret_shown_once(self, page: Client) -> None:
        form = {
            "url": "http://crm:8000/hook",
            "description": "CRM",
            "actions": "todo:mark_done\r\n\r\n list:* \r\n",
            "outcomes": ["succeeded", "failed"],
            "is_active": "on",
        }
        response = page.post(f"{ENDPOINTS}add/", form, follow=True)
        made = WebhookEndpoint.objects.get()
        assert (made.url, made.actions, made.outcomes) == (
            "http://crm:8000/hook",
            ["todo:mark_done", "list:*"],
            ["succeeded", "failed"],
        )
        assert (made.is_active, made.is_ordered, len(made.secrets)) == (True, False, 1)
        assert SECRET.findall(_text(response)) == made.secrets
        assert check_secret(made.secrets[0]) == ""
        for path in (ENDPOINTS, f"{ENDPOINTS}{made.pk}/change/", f"{ENDPOINTS}{made.pk}/history/"):
            assert "whsec_" not in _text(page.get(path))

    def test_one_is_changed_and_keeps_its_secret(self, page: Client) -> None:
        endpoint = make_endpoint(actions=["todo:*"])
        url = f"{ENDPOINTS}{endpoint.pk}/change/"
        assert ">todo:*</textarea>" in _text(page.get(url)).replace("\n", "")
        response = page.post(url, {"url": endpoint.url, "actions": "*", "is_ordered": "on"}, follow=True)
        endpoint_now = WebhookEndpoint.objects.get()
        assert (endpoint_now.actions, endpoint_now.is_ordered, endpoint_now.is_active) == (["*"], True, False)
        assert endpoint_now.secrets == endpoint.secrets
        assert "whsec_" not in _text(response)

    @pytest.mark.parametrize(
        ("changed", "sentence"),
        [
            ({"url": "ftp://crm.example"}, "The URL does not begin with http:// or https://."),
            ({"url": ""}, "This field is required."),
            ({"actions": "todo.mark_done"}, "Write the name of an action"),
            ({"actions": "*\n" * 201}, "Write the name of an action"),
            ({"outcomes": "cancelled"}, "Select a valid choice."),
        ],
    )
    def test_what_rest_refuses_is_refused(self, changed: dict[str, str], sentence: str, page: Client) -> None:
        form = {"url": "https://crm.example/", **changed}
        assert sentence in _text(page.post(f"{ENDPOINTS}add/", form))
        assert not WebhookEndpoint.objects.exists()

    def test_the_list_says_how_receivers_are_doing_in_one_statement_for_all(self, page: Client) -> None:
        def asked() -> int:
            with CaptureQueriesContext(connection) as statements:
                page.get(ENDPOINTS)
            return len(statements)

        make_endpoint()
        fail(make_endpoint().hook)
        fail(make_endpoint().hook, disabled_at=timezone.now(), error="410: gone")
        few = asked()
        text = _text(page.get(ENDPOINTS))
        for sentence in ("takes messages", "fails, 7 times in a row: 500", "disabled: 410: gone"):
            assert sentence in text
        for _number in range(10):
            fail(make_endpoint().hook)
        assert asked() == few

    def test_a_secret_is_rotated_by_a_button_and_shown_once(self, page: Client) -> None:
        endpoint = make_endpoint()
        assert "_actions/rotate_secret/" in _text(page.get(f"{ENDPOINTS}{endpoint.pk}/change/"))
        url = f"{ENDPOINTS}{endpoint.pk}/_actions/rotate_secret/"
        response = page.post(url, {"djaction-step": "run"}, follow=True)
        endpoint.refresh_from_db()
        assert SECRET.findall(_text(response)) == endpoint.secrets[:1]
        assert len(endpoint.secrets) == 2

    def test_a_button_that_is_pressed_twice_rotates_once(self, page: Client) -> None:
        endpoint = make_endpoint()
        url = f"{ENDPOINTS}{endpoint.pk}/_actions/rotate_secret/"
        form = {"djaction-step": "run", "djaction-key": "8e03978e"}
        page.post(url, form, follow=True)
        text = _text(page.post(url, form, follow=True))
        assert "was shown already" in text
        assert SECRET.findall(text) == []
        assert len(WebhookEndpoint.objects.get().secrets) == 2

    def test_several_are_rotated_and_each_secret_is_shown(self, page: Client) -> None:
        rows = [make_endpoint(), make_endpoint()]
        chosen = page.post(ENDPOINTS, {"action": "webhook:rotate_secret", "_selected_action": _selected(*rows)})
        form = {"djaction-step": "run", "djaction-ids": _field(chosen, "djaction-ids")}
        response = page.post(f"{ENDPOINTS}_actions/rotate_secret/", form, follow=True)
        made = {each.secrets[0] for each in WebhookEndpoint.objects.all()}
        assert set(SECRET.findall(_text(response))) == made

    def test_old_secrets_are_dropped_after_a_preview_that_shows_none(self, page: Client) -> None:
        endpoint = make_endpoint(secrets=[new_secret(), new_secret()])
        url = f"{ENDPOINTS}{endpoint.pk}/_actions/drop_old_secrets/"
        shown = page.post(url, {"djaction-step": "run"})
        assert "whsec_" not in _text(shown)
        page.post(url, {"djaction-step": "confirm", "djaction-plan": _field(shown, "djaction-plan")})
        assert WebhookEndpoint.objects.get().secrets == endpoint.secrets[:1]

    @pytest.mark.parametrize(("status", "sentence"), [(204, "The receiver has taken it."), (500, "answered 500")])
    def test_a_test_says_what_came_of_it(self, status: int, sentence: str, page: Client, receiver: Receiver) -> None:
        receiver.answers = [Reply(status)]
        endpoint = make_endpoint(url=receiver.url)
        url = f"{ENDPOINTS}{endpoint.pk}/_actions/test/"
        assert sentence in _text(page.post(url, {"djaction-step": "run"}, follow=True))
        assert [request.json["type"] for request in receiver.requests] == ["test"]

    def test_one_that_failed_is_enabled(self, page: Client) -> None:
        endpoint = make_endpoint()
        fail(endpoint.hook, disabled_at=timezone.now())
        page.post(f"{ENDPOINTS}{endpoint.pk}/_actions/enable/", {"djaction-step": "run"})
        assert not HookState.objects.exists()

    @pytest.mark.parametrize("is_several", [False, True])
    def test_removing_them_forgets_their_receivers(self, is_several: bool, page: Client) -> None:
        endpoint = make_endpoint()
        fail(endpoint.hook)
        if is_several:
            form = {"action": "delete_selected", "_selected_action": _selected(endpoint), "post": "yes"}
            page.post(ENDPOINTS, form)
        else:
            page.post(f"{ENDPOINTS}{endpoint.pk}/delete/", {"post": "yes"})
        assert not WebhookEndpoint.objects.exists()
        assert not HookState.objects.exists()

    def test_those_who_may_only_look_change_nothing(self, viewer: Client) -> None:
        endpoint = make_endpoint()
        text = _text(viewer.get(f"{ENDPOINTS}{endpoint.pk}/change/"))
        assert "_actions" not in text
        assert "whsec_" not in text
        url = f"{ENDPOINTS}{endpoint.pk}/_actions/rotate_secret/"
        assert viewer.post(url, {"djaction-step": "run"}).status_code == 403
        assert WebhookEndpoint.objects.get().secrets == endpoint.secrets
