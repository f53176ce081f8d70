"""Stored webhooks over REST: who may have them, what is taken and shown, and what may be done with them."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from actions.calls import carry_out_next
from actions.models import Delivery, EventAction, HookState, PendingCall, WebhookEndpoint, WorkerHeartbeat
from actions.senders import sender_of
from actions.signatures import check_secret, new_secret, verify
from tests.deliveries import fail, make_deliveries, make_endpoint
from tests.receivers import Receiver, Reply, unused_port

pytestmark = pytest.mark.django_db

WEBHOOKS = "/dj-actions/webhooks/"
URL = "https://crm.example/hook"
ClientOf = Callable[[User | None], APIClient]


@pytest.fixture
def root(staff: User, client_of: ClientOf) -> APIClient:
    return client_of(staff)


@pytest.fixture
def permitted(client_of: ClientOf) -> Callable[..., APIClient]:
    """The client of somebody on the staff with some of Django's permissions."""

    def make(*verbs: str, is_staff: bool = True) -> APIClient:
        user = User.objects.create_user("clerk", is_staff=is_staff)
        user.user_permissions.set(Permission.objects.filter(codename__in=[f"{verb}_webhookendpoint" for verb in verbs]))
        return client_of(user)

    return make


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)
    with Receiver(Reply(204)) as made:
        yield made


def _kept() -> str:
    """All that is stored anywhere but in the endpoints themselves."""
    rows = [row for model in (EventAction, Delivery, HookState) for row in model.objects.values()]
    return json.dumps(rows, default=str)


class TestMaking:
    def test_the_urls_have_names(self) -> None:
        assert reverse("actions:webhook-list") == WEBHOOKS
        assert reverse("actions:webhook-rotate-secret", args=[3]) == f"{WEBHOOKS}3/rotate_secret/"

    def test_the_secret_is_shown_once(self, root: APIClient) -> None:
        response = root.post(WEBHOOKS, {"url": URL}, format="json")
        assert response.status_code == 201, response.content
        made = WebhookEndpoint.objects.get()
        secret = response.json()["secret"]
        assert (check_secret(secret), made.secrets) == ("", [secret])

        for path in (WEBHOOKS, f"{WEBHOOKS}{made.pk}/"):
            content = root.get(path).content.decode()
            assert '"secrets_count":1' in content
            assert secret not in content
        changed = root.patch(f"{WEBHOOKS}{made.pk}/", {"description": "CRM"}, format="json")
        assert (changed.status_code, secret in changed.content.decode()) == (200, False)

    def test_nobody_chooses_a_secret(self, root: APIClient) -> None:
        secret = new_secret()
        sent = {"url": URL, "secret": secret, "secrets": [secret]}
        made = root.post(WEBHOOKS, sent, format="json").json()
        root.put(f"{WEBHOOKS}{made['id']}/", sent, format="json")
        assert WebhookEndpoint.objects.get().secrets == [made["secret"]]

    def test_all_that_is_sent_is_kept_and_shown(self, root: APIClient) -> None:
        sent = {
            "url": f"{URL}?tenant=7",
            "description": "CRM",
            "actions": ["todo:mark_done", "list:*", "*"],
            "outcomes": ["failed", "refused"],
            "is_ordered": True,
            "is_active": False,
        }
        made = root.post(WEBHOOKS, sent, format="json").json()
        shown = root.get(f"{WEBHOOKS}{made['id']}/").json()
        assert {name: shown[name] for name in sent} == sent
        assert shown["hook"] == f"endpoint:{shown['uid']}" == WebhookEndpoint.objects.get().hook

    @pytest.mark.parametrize(
        "url", ["http://crm/hook", "http://crm:8000", "https://[2606:4700::1]/x", "http://10.1.2.3/x"]
    )
    def test_a_url_that_a_sender_takes_is_taken(self, url: str, root: APIClient) -> None:
        assert root.post(WEBHOOKS, {"url": url}, format="json").status_code == 201

    @pytest.mark.parametrize(
        ("url", "problem"),
        [
            ("ftp://crm.example/", "does not begin with http"),
            ("https://", "has no host"),
            ("https://user:4711-0815@crm.example/", "has a user name or a password"),
            ("https://crm.example/a b", "has a space"),
            ("https://crm.example:99999/", "has a host or a port that cannot be"),
            (f"https://crm.example/{'x' * 500}", "no more than 500"),
            (7, "has"),
            (None, "null"),
            ("", "blank"),
        ],
    )
    def test_any_other_is_refused_and_told_why(self, url: Any, problem: str, root: APIClient) -> None:
        response = root.post(WEBHOOKS, {"url": url}, format="json")
        assert response.status_code == 400
        assert "4711" not in response.content.decode()
        assert problem in response.json()["url"][0] or url == 7
        assert not WebhookEndpoint.objects.exists()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("actions", ["todo.mark_done"]),
            ("actions", ["todo:"]),
            ("actions", [":mark_done"]),
            ("actions", ["todo:mark-*"]),
            ("actions", ["to?o:mark_done"]),
            ("actions", ["todo:mark_done x"]),
            ("actions", ["todo:*\ntodo:x"]),
            ("actions", "*"),
            ("actions", [7, None]),
            ("actions", ["*"] * 201),
            ("outcomes", ["cancelled"]),
            ("outcomes", "failed"),
            ("is_active", "perhaps"),
        ],
    )
    def test_what_is_no_name_is_refused(self, field: str, value: Any, root: APIClient) -> None:
        response = root.post(WEBHOOKS, {"url": URL, field: value}, format="json")
        assert (response.status_code, list(response.json())) == (400, [field])

    def test_a_change_leaves_alone_what_is_not_sent(self, root: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
        endpoint = make_endpoint(actions=["*"])
        rotated = [new_secret(), *endpoint.secrets]
        save = models.Model.save

        def rotated_meanwhile(self: Any, *args: Any, **kwargs: Any) -> None:
            WebhookEndpoint.objects.update(secrets=rotated)
            save(self, *args, **kwargs)

        monkeypatch.setattr(WebhookEndpoint, "save", rotated_meanwhile)
        assert root.patch(f"{WEBHOOKS}{endpoint.pk}/", {"is_ordered": True}, format="json").status_code == 200
        endpoint.refresh_from_db()
        assert (endpoint.is_ordered, endpoint.actions, endpoint.secrets) == (True, ["*"], rotated)

    def test_removing_one_forgets_its_receiver(self, root: APIClient) -> None:
        gone, stays = make_endpoint(), make_endpoint()
        fail(gone.hook)
        fail(stays.hook)
        assert root.delete(f"{WEBHOOKS}{gone.pk}/").status_code == 204
        assert WebhookEndpoint.objects.get() == stays
        assert HookState.objects.get().hook == stays.hook


class TestReading:
    def test_health_is_that_of_the_receiver(self, root: APIClient) -> None:
        endpoint = make_endpoint()
        url = f"{WEBHOOKS}{endpoint.pk}/"
        never = {"failures": 0, "failing_since": None, "paused_until": None, "disabled_at": None, "error": ""}
        assert root.get(url).json()["health"] == never

        fail(endpoint.hook, disabled_at=timezone.now())
        for shown in (root.get(url).json(), root.get(WEBHOOKS).json()["results"][0]):
            health = shown["health"]
            assert (health["failures"], health["error"]) == (7, "500: The receiver answered 500.")
            assert all(health[name] for name in ("failing_since", "paused_until", "disabled_at"))

    def test_a_page_costs_two_statements(self, root: APIClient) -> None:
        for _number in range(10):
            fail(make_endpoint().hook)
        with CaptureQueriesContext(connection) as statements:
            shown = root.get(WEBHOOKS).json()["results"]
        assert [each["health"]["failures"] for each in shown] == [7] * 10
        assert len(statements) == 2

    def test_they_are_filtered(self, root: APIClient) -> None:
        make_endpoint()
        off = make_endpoint(is_active=False)
        found = root.get(WEBHOOKS, {"is_active": "false"}).json()["results"]
        assert [each["id"] for each in found] == [off.pk]

    def test_the_browsable_api_shows_them(self, root: APIClient) -> None:
        endpoint = make_endpoint()
        for path in (WEBHOOKS, f"{WEBHOOKS}{endpoint.pk}/", f"{WEBHOOKS}{endpoint.pk}/test/"):
            response = root.get(path, HTTP_ACCEPT="text/html")
            assert (response.status_code, endpoint.secrets[0] in response.content.decode()) == (200, False)


class TestPermissions:
    @pytest.mark.parametrize(
        ("verbs", "statuses"),
        [
            ((), [403, 403, 403, 403, 403, 403]),
            (("view",), [200, 200, 403, 403, 403, 403]),
            (("change",), [200, 200, 403, 200, 200, 403]),
            (("add",), [403, 403, 201, 403, 403, 403]),
            (("delete",), [403, 403, 403, 403, 403, 204]),
        ],
    )
    def test_each_needs_django_s_own(
        self, verbs: tuple[str, ...], statuses: list[int], permitted: Callable[..., APIClient]
    ) -> None:
        client, url = permitted(*verbs), f"{WEBHOOKS}{make_endpoint().pk}/"
        asked = [
            client.get(WEBHOOKS),
            client.get(f"{url}actions/"),
            client.post(WEBHOOKS, {"url": URL}, format="json"),
            client.patch(url, {"description": "x"}, format="json"),
            client.post(f"{url}rotate_secret/", {}, format="json"),
            client.delete(url),
        ]
        assert [response.status_code for response in asked] == statuses

    def test_who_is_not_staff_gets_nothing(self, permitted: Callable[..., APIClient]) -> None:
        client, url = permitted("view", "add", "change", "delete", is_staff=False), f"{WEBHOOKS}{make_endpoint().pk}/"
        assert client.get(WEBHOOKS).status_code == 403
        assert client.post(f"{url}enable/", {}, format="json").status_code == 403
        assert client.delete(url).status_code == 403


class TestTest:
    def test_a_signed_message_arrives_at_once(self, root: APIClient, receiver: Receiver) -> None:
        endpoint = make_endpoint(url=f"{receiver.url}/in", secrets=[new_secret(), new_secret()])
        response = root.post(f"{WEBHOOKS}{endpoint.pk}/test/", {}, format="json", HTTP_X_REQUEST_ID="gesture-1")

        assert response.status_code == 200, response.content
        assert response.json() == {"delivered": True, "status": 204, "detail": "The receiver has taken it."}
        (request,) = receiver.requests
        assert request.json["type"] == "test"
        assert request.headers["x-request-id"] == "gesture-1"
        for secret in endpoint.secrets:
            verify(request.headers, request.body, secret)
        assert not Delivery.objects.exists()

    def test_also_to_one_that_is_switched_off(self, root: APIClient, receiver: Receiver) -> None:
        endpoint = make_endpoint(url=receiver.url, is_active=False)
        fail(endpoint.hook, disabled_at=timezone.now())
        before = HookState.objects.values().get()
        assert root.post(f"{WEBHOOKS}{endpoint.pk}/test/", {}, format="json").json()["delivered"]
        assert HookState.objects.values().get() == before

    @pytest.mark.parametrize("status", [302, 400, 410, 500])
    def test_a_receiver_that_does_not_take_it_is_told_and_not_held_against_it(
        self, status: int, root: APIClient, receiver: Receiver
    ) -> None:
        receiver.answers = [Reply(status)]
        endpoint = make_endpoint(url=receiver.url)
        response = root.post(f"{WEBHOOKS}{endpoint.pk}/test/", {}, format="json")
        assert (response.status_code, response.json()["delivered"], response.json()["status"]) == (200, False, status)
        assert str(status) in response.json()["detail"]
        assert len(receiver.requests) == 1
        assert not HookState.objects.exists()

    def test_nobody_listening_is_told(self, root: APIClient, settings: Any) -> None:
        settings.DJACTION_PRIVATE_HOSTS = ("127.0.0.1",)
        endpoint = make_endpoint(url=f"http://127.0.0.1:{unused_port()}/in")
        answer = root.post(f"{WEBHOOKS}{endpoint.pk}/test/", {}, format="json").json()
        assert (answer["delivered"], answer["status"]) == (False, None)
        assert answer["detail"]

    def test_a_private_address_is_not_reached(self, root: APIClient, receiver: Receiver, settings: Any) -> None:
        settings.DJACTION_PRIVATE_HOSTS = ()
        endpoint = make_endpoint(url=receiver.url)
        answer = root.post(f"{WEBHOOKS}{endpoint.pk}/test/", {}, format="json").json()
        assert (answer["delivered"], receiver.requests) == (False, [])

    def test_without_the_library_the_answer_says_what_to_install(
        self, root: APIClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "urllib3", None)
        answer = root.post(f"{WEBHOOKS}{make_endpoint().pk}/test/", {}, format="json").json()
        assert (answer["delivered"], "dj-actions[webhooks]" in answer["detail"]) == (False, True)

    @pytest.mark.django_db(transaction=True)
    def test_no_transaction_waits_for_the_receiver(
        self, root: APIClient, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        seen: list[bool] = []
        endpoint = make_endpoint(url=receiver.url)
        sender = sender_of("webhook")
        send = sender.send
        monkeypatch.setattr(sender, "send", lambda parcel: (seen.append(connection.in_atomic_block), send(parcel))[1])
        assert root.post(f"{WEBHOOKS}{endpoint.pk}/test/", {}, format="json").json()["delivered"]
        assert seen == [False]

    def test_it_cannot_be_tried(self, root: APIClient, receiver: Receiver) -> None:
        endpoint = make_endpoint(url=receiver.url)
        response = root.post(f"{WEBHOOKS}{endpoint.pk}/test/", {}, format="json", HTTP_PREFER="dry-run")
        assert (response.status_code, response.json()["code"]) == (501, "preview_not_possible")
        assert receiver.requests == []

    def test_the_command(self, staff: User, receiver: Receiver) -> None:
        endpoint, out = make_endpoint(url=receiver.url), StringIO()
        words = ["action", "webhook", "test", str(endpoint.pk), "--as", staff.username]
        call_command(*words, stdout=out, stderr=StringIO())
        assert json.loads(out.getvalue())["status"] == 204
        assert len(receiver.requests) == 1


class TestSecrets:
    def test_a_new_one_is_shown_once_and_the_old_ones_stay(self, root: APIClient) -> None:
        endpoint = make_endpoint()
        (old,) = endpoint.secrets
        answer = root.post(f"{WEBHOOKS}{endpoint.pk}/rotate_secret/", {}, format="json").json()
        endpoint.refresh_from_db()
        assert answer == {"secret": endpoint.secrets[0], "secrets_count": 2}
        assert (check_secret(answer["secret"]), endpoint.secrets[1:]) == ("", [old])

    def test_three_are_kept(self, root: APIClient) -> None:
        endpoint = make_endpoint()
        url = f"{WEBHOOKS}{endpoint.pk}/rotate_secret/"
        made = [root.post(url, {}, format="json").json()["secret"] for _time in range(4)]
        endpoint.refresh_from_db()
        assert endpoint.secrets == [made[3], made[2], made[1]]

    def test_the_old_ones_are_dropped(self, root: APIClient) -> None:
        endpoint = make_endpoint(secrets=[new_secret(), new_secret(), new_secret()])
        response = root.post(f"{WEBHOOKS}{endpoint.pk}/drop_old_secrets/", {}, format="json")
        assert (response.status_code, response.json()["secrets_count"]) == (200, 1)
        assert WebhookEndpoint.objects.get().secrets == endpoint.secrets[:1]

    def test_no_secret_is_in_a_record_or_a_log(self, root: APIClient, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        endpoint = make_endpoint(secrets=[new_secret(), new_secret()])
        url = f"{WEBHOOKS}{endpoint.pk}"
        secrets = {*endpoint.secrets, root.post(WEBHOOKS, {"url": URL}, format="json").json()["secret"]}
        secrets.add(root.post(f"{url}/rotate_secret/", {}, format="json").json()["secret"])
        several = {"ids": [endpoint.pk]}
        found = root.post(f"{WEBHOOKS}rotate_secret/", several, format="json").json()["results"][0]["result"]
        secrets.add(found["secret"])
        answers = [root.post(f"{url}/drop_old_secrets/", {}, format="json", HTTP_PREFER="dry-run")]
        answers.append(root.post(f"{url}/drop_old_secrets/", {}, format="json"))
        answers.append(root.get("/dj-actions/actionevents/"))

        assert len(secrets) == 5
        assert EventAction.objects.filter(resource="webhook").count() == 3
        said = " ".join([_kept(), caplog.text, *(each.content.decode() for each in answers)])
        assert [secret for secret in secrets if secret in said] == []
        changes = EventAction.objects.get(action="drop_old_secrets").changes
        assert [(each["field"], each["before"], each["after"]) for each in changes] == [
            ("secrets", "********", "********")
        ]

    def test_a_repeated_key_does_not_show_it_again(self, root: APIClient) -> None:
        endpoint = make_endpoint()
        url = f"{WEBHOOKS}{endpoint.pk}/rotate_secret/"
        answers = [root.post(url, {}, format="json", HTTP_IDEMPOTENCY_KEY='"8e03978e"').json() for _time in range(2)]
        endpoint.refresh_from_db()
        assert [each["secret"] for each in answers] == [endpoint.secrets[0], "********"]
        assert len(endpoint.secrets) == 2

    def test_a_worker_makes_none(self, root: APIClient) -> None:
        WorkerHeartbeat.objects.create(uid="8e03978e-40d5-43dd-9a55-0c7f5a3c1d11", name="x", seen_at=timezone.now())
        endpoint = make_endpoint()
        url = f"{WEBHOOKS}{endpoint.pk}/rotate_secret/"
        accepted = root.post(url, {}, format="json", HTTP_PREFER="respond-async")
        assert accepted.status_code == 202
        carry_out_next("default")
        assert not PendingCall.objects.exists()
        assert EventAction.objects.get().error["code"] == "not_later"
        assert WebhookEndpoint.objects.get().secrets == endpoint.secrets


class TestEnable:
    def test_what_waits_is_due_and_nothing_is_held_against_it(self, root: APIClient) -> None:
        endpoint = make_endpoint()
        fail(endpoint.hook, disabled_at=timezone.now())
        row, dead = make_deliveries(hook=endpoint.hook)[0], make_deliveries(hook=endpoint.hook, state="dead")[0]
        response = root.post(f"{WEBHOOKS}{endpoint.pk}/enable/", {}, format="json")

        assert response.status_code == 200, response.content
        assert (response.json()["health"]["failures"], response.json()["health"]["disabled_at"]) == (0, None)
        row.refresh_from_db()
        dead.refresh_from_db()
        assert row.due_at <= timezone.now()
        assert (dead.state, dead.due_at) == ("dead", None)

    def test_of_one_that_never_failed_it_is_no_error(self, root: APIClient) -> None:
        assert root.post(f"{WEBHOOKS}{make_endpoint().pk}/enable/", {}, format="json").status_code == 200
