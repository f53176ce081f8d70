"""What is to be sent is written down with the record, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django import forms
from django.contrib.auth.models import User
from django.db import connection, transaction
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from rest_framework import routers, viewsets
from rest_framework.authentication import BasicAuthentication
from rest_framework.permissions import IsAuthenticated
from rest_framework.test import APIClient

from actions import Action, ActionRegistry, calls, delivery, perform
from actions.context import ActionContext
from actions.exceptions import ActionError, FailedActionError, NotPossibleError, RefusedError
from actions.hooks import Message
from actions.mixins import ActionMixin
from actions.models import Delivery, EventAction, PendingCall
from actions.senders import Parcel, PermanentError, TemporaryError
from actions.signals import action_refused, deliveries_posted
from actions.terms import Terms
from example_app.urls import urlpatterns as example_urlpatterns
from tests import keyed
from tests.app.models import Article
from tests.mailbox import SENDER, Mailbox, deliver_all, mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

PLAIN = {"type": SENDER}
NAMED = {"type": SENDER, "actions": []}
"""For actions that name it, and no other."""


# --- a project


class LikeForm(forms.ModelForm):
    """Says of itself what it does."""

    class Meta:
        model = Article
        fields = ["title"]

    def get_stream_message(self, instance: Article) -> str:
        return f"{instance.title} was renamed\x00"


class BrokenForm(LikeForm):
    def get_stream_message(self, instance: Article) -> str:
        raise LookupError


def tell(article: Article, context: ActionContext) -> dict[str, Any]:
    """Say what is told of it."""
    context.text = f"Somebody likes {article.title}."
    return keyed.like(article)


def keep(article: Article, *, deep: Any = None, token: str = "") -> dict[str, Any]:
    """Take anything, and answer with a secret."""
    return {**keyed.like(article), "access_token": token}


def like_both(article: Article, context: ActionContext) -> dict[str, Any]:
    """Have another action done."""
    perform("posted:like", article.pk, actor=context.actor)
    return keyed.like(article)


def ask(article: Article, context: ActionContext) -> dict[str, Any]:
    """Tell what the other system said."""
    return {**keyed.like(article), "said": context.writeback}


ADAPTED = {"hook": "crm", "outcomes": ["refused"], "options": {"color": "blue"}}
BEFORE = {"hook": "stock", "when": "before", "options": {"color": "blue"}}


class Posted(keyed.Articles):
    action_registry = ActionRegistry(
        "posted",
        actions=[
            Action(id="like", title="Like it", function=keyed.like),
            Action(id="like_all", function=keyed.like_all, type="bulk"),
            Action(id="like_loosely", function=keyed.like, atomic=False),
            Action(id="like_named", function=keyed.like, hooks=("crm",)),
            Action(id="like_unknown", function=keyed.like, hooks=("nobody",)),
            Action(id="refuse", function=keyed.refuse),
            Action(id="refuse_adapted", function=keyed.refuse, hooks=(ADAPTED,)),
            Action(id="fail", function=keyed.fail),
            Action(id="fail_loosely", function=keyed.fail, atomic=False),
            Action(id="attach", function=keyed.attach, form=keyed.FileForm),
            Action(id="rename", form=LikeForm),
            Action(id="rename_badly", form=BrokenForm),
            Action(id="tell", function=tell),
            Action(id="like_both", function=like_both),
            Action(id="keep", function=keep),
            Action(id="ask", function=ask, hooks=(BEFORE,)),
            Action(id="ask_and_tell", function=ask, hooks=(BEFORE, "stock")),
        ],
    )


class Closed(ActionMixin, viewsets.ModelViewSet[Article]):
    """For users only."""

    queryset = Article.objects.all()
    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAuthenticated]
    action_registry = ActionRegistry("closed", actions=[Action(id="like", function=keyed.like)])


router = routers.SimpleRouter()
router.register("posted", Posted, basename="posted-article")
router.register("closed", Closed, basename="closed-article")
urlpatterns = [*router.urls, *example_urlpatterns]


# --- functions of hooks


def reworded(event: EventAction, message: Message) -> Message:
    return replace(message, text=f"{event.action}!", data={"note": "a\x00b", "rate": float("nan"), "who": User})


def silent(event: EventAction, message: Message) -> None:
    """Nothing is sent."""


def broken(event: EventAction, message: Message) -> Message:
    raise LookupError("s3cr3t")


def broken_in_the_database(event: EventAction, message: Message) -> Message:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nothing FROM nowhere")
    raise AssertionError


def no_message(event: EventAction, message: Message) -> dict[str, Any]:
    return {"text": "a dict"}


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as made:
        yield made


@pytest.fixture(autouse=True)
def _hooks(settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": PLAIN}


@pytest.fixture
def article() -> Article:
    return Article.objects.create(title="Plants")


def rows() -> list[tuple[str, str]]:
    """Hook and action of all that is to be sent, in the order in which it was written."""
    return list(Delivery.objects.order_by("id").values_list("hook", "event__action"))


def of_actions(hook: str = "crm") -> set[str]:
    return {action for name, action in rows() if name == hook}


# --- with the record --------------------------------------------------------------------------------------------------


def test_each_hook_gets_one_of_each_event(article: Article, alice: User, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": PLAIN, "erp": {**PLAIN, "ordered": True}, "stored": {"type": "endpoints"}}
    event = perform("posted:like", article.pk, {"by": 2}, actor=alice).event
    assert event is not None
    found = Delivery.objects.order_by("id")
    assert [row.hook for row in found] == ["crm", "erp", "stored"]
    assert [row.order_key for row in found] == [
        "",
        f"erp|posted|{article.pk}",
        f"stored|posted|{article.pk}",
    ]
    assert len({row.uid for row in found}) == 3
    assert {(row.event_id, row.state, row.tries, row.correlation_id) for row in found} == {
        (event.pk, "waiting", 0, event.correlation_id)
    }
    message = found[0].message
    data = message.pop("data")
    assert message == {
        "type": "posted.like.succeeded",
        "verb": "like",
        "actor": f"user:{alice.pk}",
        "actor_name": "alice",
        "object": f"posted:{article.pk}",
        "text": f"alice: Like it (posted {article.pk})",
        "time": event.created_at.isoformat(),
        "foreign_id": str(event.uid),
    }
    assert (data["uid"], data["request"], data["response"]) == (str(event.uid), {"by": 2}, {"likes": 2})
    assert (data["outcome"], data["error"], data["changes"]) == ("succeeded", None, event.changes)


def test_an_event_of_a_list_by_nobody_can_be_told(article: Article) -> None:
    perform("posted:like_all", is_all=True)
    message = Delivery.objects.get().message
    assert (message["object"], message["actor"], message["actor_name"]) == ("", "", "")
    assert (message["data"]["object_id"], message["data"]["selection"]) == (None, {"all": True})


def test_what_is_rolled_back_leaves_nothing_to_send(article: Article) -> None:
    with transaction.atomic():
        perform("posted:like", article.pk)
        assert Delivery.objects.exists()
        transaction.set_rollback(True)
    assert not Delivery.objects.exists()
    assert not EventAction.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("action", ["like", "like_loosely"])
def test_a_record_without_what_is_to_be_sent_cannot_be(
    action: str, article: Article, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    def break_off(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(type(Delivery.objects.all()), "bulk_create", break_off)
        with pytest.raises(FailedActionError):
            perform(f"posted:{action}", article.pk)
    assert not EventAction.objects.filter(outcome="succeeded").exists()
    article.refresh_from_db()
    assert article.likes == (0 if action == "like" else 1)


@pytest.mark.django_db(transaction=True)
def test_an_action_without_a_transaction_posts_as_well(article: Article, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "outcomes": ["succeeded", "failed"]}}
    perform("posted:like_loosely", article.pk)
    with pytest.raises(FailedActionError):
        perform("posted:fail_loosely", article.pk)
    assert rows() == [("crm", "like_loosely"), ("crm", "fail_loosely")]


@pytest.mark.django_db(transaction=True)
def test_what_may_be_sent_is_announced_after_the_commit(article: Article, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": PLAIN, "bad": {**PLAIN, "message": f"{__name__}.broken"}}
    heard: list[list[int]] = []

    def listen(sender: Any, keys: list[int], **kwargs: Any) -> None:
        assert not connection.in_atomic_block
        heard.append(keys)

    deliveries_posted.connect(listen)
    try:
        perform("posted:like", article.pk)
    finally:
        deliveries_posted.disconnect(listen)
    assert heard == [[Delivery.objects.get(hook="crm").pk]]


# --- which ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        (None, {"like"}),
        (["refused"], {"refuse"}),
        (["failed"], {"fail"}),
        (["refused", "failed", "succeeded"], {"like", "refuse", "fail"}),
        ([], set()),
    ],
)
def test_a_hook_gets_the_outcomes_that_it_asks_for(
    outcomes: list[str] | None, expected: set[str], article: Article, settings: Any
) -> None:
    settings.DJACTION_HOOKS = {"crm": PLAIN if outcomes is None else {**PLAIN, "outcomes": outcomes}}
    perform("posted:like", article.pk)
    for action in ("refuse", "fail"):
        with pytest.raises(ActionError):
            perform(f"posted:{action}", article.pk)
    assert of_actions() == expected


def test_what_went_wrong_is_told_without_a_traceback(article: Article, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "outcomes": ["failed", "refused"]}}
    for action in ("refuse", "fail"):
        with pytest.raises(ActionError):
            perform(f"posted:{action}", article.pk)
    refused, failed = Delivery.objects.order_by("id")
    assert refused.event == EventAction.objects.get(outcome="refused")
    assert refused.message["type"] == "posted.refuse.refused"
    assert refused.message["text"].endswith(": refused")
    assert refused.message["data"]["error"] == {"code": "second_thoughts", "detail": "No.", "errors": {}}
    assert EventAction.objects.get(outcome="failed").error["traceback"]
    assert set(failed.message["data"]["error"]) == {"code", "detail", "errors"}


def test_calls_of_nobody_leave_neither_a_record_nor_anything_to_send(article: Article, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "outcomes": ["refused"]}}
    assert APIClient().post(f"/closed/{article.pk}/like/").status_code == 401
    assert not EventAction.objects.exists()
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["*"], {"like", "tell"}),
        (["posted:like"], {"like"}),
        (["posted:t*"], {"tell"}),
        (["todo:*", "*:tell"], {"tell"}),
        (["todo:*"], set()),
        ([], set()),
    ],
)
def test_a_hook_gets_the_actions_that_it_is_for(
    patterns: list[str], expected: set[str], article: Article, settings: Any
) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "actions": patterns}}
    for action in ("like", "tell"):
        perform(f"posted:{action}", article.pk)
    assert of_actions() == expected


def test_a_definition_names_a_hook_that_is_not_for_all(article: Article, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": NAMED}
    perform("posted:like", article.pk)
    perform("posted:like_named", article.pk)
    assert rows() == [("crm", "like_named")]


def test_a_hook_that_is_for_all_and_named_gets_one(article: Article) -> None:
    perform("posted:like_named", article.pk)
    assert rows() == [("crm", "like_named")]


def test_a_definition_says_otherwise_than_the_settings(article: Article, settings: Any, box: Mailbox) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "color": "red", "size": 1}}
    with pytest.raises(RefusedError):
        perform("posted:refuse", article.pk)
    with pytest.raises(RefusedError):
        perform("posted:refuse_adapted", article.pk)
    assert rows() == [("crm", "refuse_adapted")]
    deliver_all()
    assert box.parcels[0].options == {"color": "blue", "size": 1}


def test_a_hook_that_the_settings_do_not_have_waits(article: Article, settings: Any, box: Mailbox) -> None:
    settings.DJACTION_HOOKS = {}
    perform("posted:like_unknown", article.pk)
    deliver_all()
    row = Delivery.objects.get()
    assert (row.hook, row.state, row.error) == ("nobody", "waiting", 'DJACTION_HOOKS has no hook "nobody".')


# --- in which words ---------------------------------------------------------------------------------------------------


def test_a_hook_s_own_function_words_the_message(article: Article, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "message": f"{__name__}.reworded"}, "erp": PLAIN}
    perform("posted:like", article.pk)
    crm, erp = Delivery.objects.order_by("id")
    assert (crm.message["text"], crm.message["verb"]) == ("like!", "like")
    assert crm.message["data"] == {"note": "a\N{REPLACEMENT CHARACTER}b", "rate": "nan", "who": str(User)}
    assert erp.message["data"]["uid"] == str(erp.event.uid)


def test_a_function_that_gives_no_message_has_nothing_sent(article: Article, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "message": f"{__name__}.silent"}}
    assert perform("posted:like", article.pk).event is not None
    assert not Delivery.objects.exists()


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        ("broken", "LookupError"),
        ("broken_in_the_database", "Error"),
        ("no_message", "AttributeError"),
        ("missing", "ImportError"),
    ],
)
def test_a_function_that_fails_spoils_nothing(
    function: str, kind: str, article: Article, settings: Any, box: Mailbox
) -> None:
    path = f"{__name__}.{function}"
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "message": path}, "erp": PLAIN}
    event = perform("posted:like", article.pk).event
    assert event is not None
    article.refresh_from_db()
    assert article.likes == 1
    row = Delivery.objects.get(hook="crm")
    assert (row.state, row.due_at, row.event_id) == ("dead", None, event.pk)
    assert row.error.startswith(f"{path} failed: ")
    assert kind in row.error
    assert row.ended_at is not None
    assert "s3cr3t" not in row.error
    deliver_all()
    assert [parcel.hook for parcel in box.parcels] == ["erp"]
    assert delivery.retry(Delivery.objects.filter(hook="crm")) == 1
    deliver_all()
    assert box.of("crm")[0].message["foreign_id"] == str(event.uid)


def test_an_action_says_what_is_told_of_it(article: Article) -> None:
    perform("posted:tell", article.pk)
    assert Delivery.objects.get().message["text"] == "Somebody likes Plants."


def test_a_form_says_what_is_told_of_it(article: Article) -> None:
    perform("posted:rename", article.pk, {"title": "Trees"})
    assert Delivery.objects.get().message["text"] == "Trees was renamed\N{REPLACEMENT CHARACTER}"


def test_a_form_that_cannot_say_it_spoils_nothing(article: Article, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "message": f"{__name__}.reworded"}}
    perform("posted:rename_badly", article.pk, {"title": "Trees"})
    row = Delivery.objects.get()
    assert (row.state, row.error.partition(".")[0]) == ("dead", "get_stream_message failed: LookupError")
    article.refresh_from_db()
    assert article.title == "Trees"


def test_secrets_are_not_told(article: Article) -> None:
    perform("posted:keep", article.pk, {"token": "s3cr3t"})
    assert "s3cr3t" not in str(Delivery.objects.get().message)


def test_a_message_can_be_as_deep_as_a_record(article: Article) -> None:
    deep: Any = 1
    for _ in range(28):
        deep = {"a": [deep]}
    perform("posted:keep", article.pk, {"deep": deep})
    row = Delivery.objects.get()
    assert row.message["data"]["request"] == row.event.request_data


# --- how a call is made -----------------------------------------------------------------------------------------------


def test_where_nothing_is_tracked_hooks_have_their_records_all_the_same(article: Article, settings: Any) -> None:
    settings.DJACTION_TRACK_ACTIONS = False
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "actions": ["posted:like", "posted:refuse"], "outcomes": ["refused"]}}
    for action in ("like", "tell"):
        perform(f"posted:{action}", article.pk)
    with pytest.raises(RefusedError):
        perform("posted:refuse", article.pk)
    assert list(EventAction.objects.values_list("action", "outcome")) == [("refuse", "refused")]
    assert rows() == [("crm", "refuse")]
    settings.DJACTION_HOOKS = {"crm": PLAIN}
    assert perform("posted:like", article.pk).event is not None
    assert rows() == [("crm", "refuse"), ("crm", "like")]


def test_a_preview_says_what_would_be_sent_and_sends_nothing(article: Article, settings: Any) -> None:
    settings.DJACTION_HOOKS = {"crm": PLAIN, "erp": PLAIN, "other": NAMED}
    outcome = perform("posted:like", article.pk, terms=Terms(is_preview=True))
    assert outcome.preview is not None
    wanted = [{"kind": "delivery", "hook": "crm"}, {"kind": "delivery", "hook": "erp"}]
    assert outcome.preview.would_send == wanted
    assert not Delivery.objects.exists()
    done = perform("posted:like", article.pk, terms=Terms(plan=outcome.preview.plan))
    assert done.status == 200
    assert Delivery.objects.count() == 2


def test_a_call_that_is_made_again_with_its_key_has_nothing_more_sent(article: Article, alice: User) -> None:
    terms = Terms(key="8e03978e")
    first = perform("posted:like", article.pk, actor=alice, terms=terms)
    second = perform("posted:like", article.pk, actor=alice, terms=terms)
    assert first.event == second.event
    assert rows() == [("crm", "like")]
    assert Delivery.objects.get().message["data"]["outcome"] == "succeeded"


def test_a_refusal_that_is_made_again_with_its_key_has_nothing_more_sent(
    article: Article, alice: User, settings: Any
) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "outcomes": ["refused"]}}
    for _ in range(2):
        with pytest.raises(ActionError, match="No"):
            perform("posted:refuse", article.pk, actor=alice, terms=Terms(key="8e03978e"))
    assert rows() == [("crm", "refuse")]


def test_an_action_in_an_action_is_an_event_of_its_own(article: Article, alice: User) -> None:
    perform("posted:like_both", article.pk, actor=alice)
    assert rows() == [("crm", "like"), ("crm", "like_both")]
    inner, outer = Delivery.objects.order_by("id")
    assert inner.message["data"]["parent_uid"] == str(outer.event.uid)
    assert inner.correlation_id == outer.correlation_id


def test_a_call_for_later_is_told_when_it_has_ended(article: Article, alice: User) -> None:
    perform("posted:like", article.pk, actor=alice, terms=Terms(is_async=True))
    assert not Delivery.objects.exists()
    assert calls.carry_out_next("default")
    assert rows() == [("crm", "like")]
    assert Delivery.objects.get().message["type"] == "posted.like.succeeded"


@pytest.mark.parametrize(("outcome", "code"), [("refused", "actor_gone"), ("failed", "interrupted")])
def test_a_call_for_later_that_is_never_begun_is_told_as_well(
    outcome: str, code: str, article: Article, alice: User, settings: Any
) -> None:
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "outcomes": [outcome]}, "erp": PLAIN}
    perform("posted:like", article.pk, actor=alice, terms=Terms(is_async=True))
    if outcome == "refused":
        User.objects.update(is_active=False)
    else:
        PendingCall.objects.update(attempts=99)
    assert calls.carry_out_next("default")
    event = EventAction.objects.get()
    assert (event.outcome, event.error["code"]) == (outcome, code)
    row = Delivery.objects.get()
    assert (row.hook, row.event_id) == ("crm", event.pk)
    assert row.message["data"]["error"]["code"] == code
    assert row.message["text"].startswith("alice: Like it")


# --- what it costs ----------------------------------------------------------------------------------------------------


def _statements(article: Article) -> list[str]:
    with CaptureQueriesContext(connection) as queries:
        perform("posted:like", article.pk)
    return [query["sql"] for query in queries]


def test_without_a_hook_nothing_is_asked_and_with_any_number_there_is_one_statement_more(
    article: Article, settings: Any
) -> None:
    settings.DJACTION_HOOKS = {}
    _statements(article)
    plain = _statements(article)
    settings.DJACTION_HOOKS = {"crm": {**PLAIN, "actions": ["todo:*"]}, "erp": {**PLAIN, "outcomes": ["failed"]}}
    assert len(_statements(article)) == len(plain)
    for count in (1, 2, 7):
        settings.DJACTION_HOOKS = {f"hook{number}": PLAIN for number in range(count)}
        settings.DJACTION_HOOKS["stored"] = {"type": "endpoints"}
        found = _statements(article)
        assert len(found) == len(plain) + 1
        assert sum("INSERT" in sql and Delivery._meta.db_table in sql for sql in found) == 1


# --- a hook that is asked before --------------------------------------------------------------------------------------


@pytest.fixture
def _stock(settings: Any) -> None:
    settings.DJACTION_HOOKS = {"stock": {**PLAIN, "color": "red", "size": 1}}


@pytest.mark.usefixtures("_stock")
def test_the_answer_of_a_hook_that_is_asked_before_is_the_function_s(
    article: Article, alice: User, box: Mailbox
) -> None:
    box.answers["stock"] = [lambda parcel: {"left": 3}]
    outcome = perform("posted:ask", article.pk, actor=alice)
    assert outcome.body == {"likes": 1, "said": {"left": 3}}
    assert outcome.event is not None
    (parcel,) = box.parcels
    assert parcel.uid == outcome.event.uid
    assert parcel.options == {"color": "blue", "size": 1}
    assert parcel.message["type"] == "posted.ask.before"
    assert parcel.message["object"] == f"posted:{article.pk}"
    assert parcel.message["data"]["actor"] == {"id": str(alice.pk), "name": "alice"}
    assert not Delivery.objects.exists(), "it has been told"


@pytest.mark.usefixtures("_stock")
def test_it_is_asked_before_anything_is_changed_and_nobody_is_asked_in_vain(article: Article, box: Mailbox) -> None:
    def answer(parcel: Parcel) -> None:
        assert Article.objects.get().likes == 0

    box.answers["stock"] = [answer]
    perform("posted:ask", article.pk)
    with pytest.raises(ActionError):
        perform("posted:ask", article.pk + 1)
    assert len(box.parcels) == 1


@pytest.mark.usefixtures("_stock")
def test_a_hook_can_be_asked_before_and_told_afterwards(article: Article, box: Mailbox) -> None:
    box.answers["stock"] = [lambda parcel: None]
    perform("posted:ask_and_tell", article.pk)
    assert rows() == [("stock", "ask_and_tell")]


@pytest.mark.usefixtures("_stock")
def test_a_hook_that_says_no_refuses_in_its_own_words(article: Article, box: Mailbox) -> None:
    box.answers["stock"] = [PermanentError("Sold out.", status=409)]
    with pytest.raises(RefusedError) as caught:
        perform("posted:ask", article.pk)
    assert (caught.value.status, caught.value.code, caught.value.detail) == (409, "refused_by_hook", "Sold out.")
    article.refresh_from_db()
    assert article.likes == 0
    assert EventAction.objects.get().error["code"] == "refused_by_hook"


@pytest.mark.usefixtures("_stock")
def test_a_hook_that_cannot_be_asked_leaves_everything_as_it_is(article: Article, box: Mailbox) -> None:
    box.answers["stock"] = [TemporaryError("down", retry_after=timedelta(seconds=30))]
    response = APIClient().post(f"/posted/{article.pk}/ask/")
    assert (response.status_code, response.json()["code"]) == (503, "hook_unavailable")
    assert response["Retry-After"] == "30"
    assert "stock" in response.json()["detail"]
    assert "down" not in response.json()["detail"]
    article.refresh_from_db()
    assert article.likes == 0


@pytest.mark.parametrize(
    "hooks",
    [
        {"stock": {"type": "endpoints"}},
        {"stock": {"type": "json.loads"}},
        {"stock": {"type": "webhook", "url": "http://10.1.2.3/", "secret": "whsec_" + "A" * 43 + "="}},
        {},
    ],
)
def test_why_a_hook_cannot_be_asked_is_the_operator_s_and_not_the_caller_s(
    article: Article, settings: Any, hooks: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.DJACTION_HOOKS = hooks
    response = APIClient().post(f"/posted/{article.pk}/ask/")
    assert (response.status_code, response.json()["code"]) == (503, "hook_unavailable")
    assert not any(word in response.content.decode() for word in ("10.1.2.3", "DJACTION", "json", "endpoints"))
    assert any(record.getMessage().startswith("stock cannot be asked: ") for record in caplog.records)
    article.refresh_from_db()
    assert article.likes == 0


class Unspeakable:
    def __str__(self) -> str:
        raise LookupError("s3cr3t")


def test_what_cannot_be_said_takes_nothing_back(
    article: Article, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def speechless(article: Article, context: ActionContext) -> dict[str, Any]:
        context.text = Unspeakable()  # type: ignore[assignment]
        return keyed.like(article)

    registry = ActionRegistry("speechless", actions=[Action(id="like", function=speechless)])
    type("Speechless", (keyed.Articles,), {"action_registry": registry})

    assert perform("speechless:like", article.pk).status == 200
    row = Delivery.objects.get()
    assert (row.state, row.error.partition(":")[0]) == ("dead", "get_stream_message failed")
    assert "s3cr3t" not in caplog.text


def test_a_call_for_later_keeps_its_trace(article: Article, alice: User) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    client = APIClient()
    client.force_authenticate(alice)
    client.post(f"/posted/{article.pk}/like/", headers={"Prefer": "respond-async", "traceparent": trace})
    calls.carry_out_next("default")
    assert Delivery.objects.get().traceparent[3:35] == trace[3:35]


def test_who_is_turned_away_at_the_door_is_told_by_a_signal_too(article: Article) -> None:
    heard = []

    def hear(**kwargs: Any) -> None:
        heard.append((kwargs["action"], kwargs["status"]))

    action_refused.connect(hear)
    try:
        with TestCase.captureOnCommitCallbacks(execute=True):
            APIClient().post(f"/posted/{article.pk}/like/?dry_run=perhaps")
    finally:
        action_refused.disconnect(hear)
    assert heard == [("posted:like", 400)]


@pytest.mark.usefixtures("_stock")
def test_what_is_asked_before_cannot_be_tried(article: Article, box: Mailbox) -> None:
    with pytest.raises(NotPossibleError) as caught:
        perform("posted:ask", article.pk, terms=Terms(is_preview=True))
    assert (caught.value.status, caught.value.code) == (501, "preview_not_possible")
    assert not box.parcels


@pytest.mark.usefixtures("_stock")
def test_a_call_for_later_asks_when_it_is_carried_out_and_again_where_nobody_answers(
    article: Article, alice: User, box: Mailbox
) -> None:
    box.answers["stock"] = [TemporaryError("down"), lambda parcel: {"left": 3}]
    perform("posted:ask", article.pk, actor=alice, terms=Terms(is_async=True))
    assert not box.parcels
    assert calls.carry_out_next("default")
    assert EventAction.objects.get().outcome in ("pending", "running")
    assert PendingCall.objects.count() == 1
    PendingCall.objects.update(due_at=timezone.now())
    assert calls.carry_out_next("default")
    event = EventAction.objects.get()
    assert (event.outcome, event.response_data) == ("succeeded", {"likes": 1, "said": {"left": 3}})
    assert {parcel.message["foreign_id"] for parcel in box.parcels} == {str(parcel.uid) for parcel in box.parcels}
