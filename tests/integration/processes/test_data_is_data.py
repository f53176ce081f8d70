"""What comes from a caller or another system names no rows: only what the engine has made of an instance does."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from actions.exceptions import InvalidPayloadError
from actions.processes import services
from actions.processes.exceptions import AgainError
from actions.processes.expressions import path
from actions.processes.graph import Edge, Kind, Mode
from actions.processes.models import Run, StepRun
from tests.processes import make_process, node, registered, run_due, task

pytestmark = pytest.mark.django_db

SAID = "looks like an instance of a model"


@pytest.fixture
def ada() -> User:
    return User.objects.create_user("ada", password="secret", is_staff=True)


@pytest.fixture
def forged(ada: User) -> dict[str, Any]:
    return {"$model": "auth.user", "pk": ada.pk}


@pytest.fixture
def asking() -> Iterator[None]:
    """A process that asks, hears, and looks at a field of what it has got."""
    process = make_process(
        node("ask", Kind.INPUT, "hear", register="answer"),
        node("hear", Kind.RECEIVE, "see", run="paid", register="heard"),
        task("see", args={"value": path("payload.o")}, register="seen"),
        bodies={"see": lambda context, value=None: type(value).__name__},
    )
    with registered(process):
        yield


@pytest.mark.usefixtures("asking")
@pytest.mark.parametrize("wrap", [lambda it: it, lambda it: [1, it], lambda it: {"deep": {"er": [it]}}])
def test_a_payload_cannot_name_a_row(forged: dict[str, Any], wrap: Any) -> None:
    with pytest.raises(InvalidPayloadError, match=SAID):
        services.start("made", {"o": wrap(forged)})
    assert not Run.objects.exists()


@pytest.mark.usefixtures("asking")
def test_nor_can_an_answer_a_message_or_the_payload_of_a_fork(ada: User, forged: dict[str, Any]) -> None:
    run = services.start("made", {"o": {}})
    with pytest.raises(InvalidPayloadError, match=SAID):
        services.provide_input(run, {"o": forged}, actor=ada)
    with pytest.raises(InvalidPayloadError, match=SAID):
        services.send_message("paid", data=forged)
    with pytest.raises(InvalidPayloadError, match=SAID):
        services.fork(run, payload={"o": forged})
    assert Run.objects.get().waiting_for == "input"


@pytest.mark.usefixtures("asking")
def test_over_rest_it_is_400_and_says_why(client: Client, ada: User, forged: dict[str, Any]) -> None:
    client.force_login(ada)
    answer = client.post("/processes/made", {"o": forged}, content_type="application/json")
    assert answer.status_code == 400
    assert SAID in answer.content.decode()


@pytest.mark.parametrize("mode", [None, *Mode])
def test_what_a_step_has_from_elsewhere_fails_it(mode: Mode | None, forged: dict[str, Any]) -> None:
    with registered(make_process(task("a", mode=mode, register="got"), bodies={"a": lambda context: {"x": [forged]}})):
        run = services.start("made")
        run_due()
    run.refresh_from_db()
    assert (run.status, run.state) == ("failed", {})
    assert SAID in run.error["detail"]


def test_nor_can_it_come_back_through_what_a_body_notes_for_its_next_call(forged: dict[str, Any]) -> None:
    def again(context: Any) -> None:
        from datetime import timedelta

        raise AgainError(timedelta(0), note=forged)

    with registered(make_process(task("a"), bodies={"a": again})):
        run = services.start("made")
    assert SAID in Run.objects.get(pk=run.pk).error["detail"]


@pytest.mark.parametrize("mode", [None, *Mode])
def test_what_a_step_makes_of_an_instance_is_one_wherever_it_goes(mode: Mode | None, ada: User) -> None:
    seen: list[Any] = []

    def put(context: Any) -> dict[str, Any]:
        context.state["nested"] = {"users": [ada]}
        return {"user": ada}

    def carry(context: Any) -> Any:
        # As it stands there, in a mapping or list: handed on, and changed around it.
        context.state["nested"]["more"] = 1
        return context.state["got"]

    def see(context: Any, user: Any, first: Any) -> None:
        seen.extend([user, first])

    process = make_process(
        task("put", "carry", mode=mode, register="got"),
        node("carry", Kind.TASK, Edge("see"), run="carry", mode=mode, register="carried"),
        task("see", mode=mode, args={"user": path("state.carried.user"), "first": path("state.nested.users.0")}),
        bodies={"put": put, "carry": carry, "see": see},
    )
    with registered(process):
        for in_background in (False, True):
            services.start("made", in_background=in_background)
            run_due()
    assert seen == [ada] * 4
    assert set(Run.objects.values_list("status", flat=True)) == {"succeeded"}


# --- what a body does to whoever carries it out -----------------------------------------------------------------------


class SpeechlessError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("mode", [None, *Mode])
@pytest.mark.parametrize(("error", "said"), [(SystemExit(3), "SystemExit: 3"), (SpeechlessError(), "cannot say")])
def test_a_step_that_ends_the_program_has_failed(mode: Mode | None, error: BaseException, said: str) -> None:
    def end(context: Any) -> None:
        raise error

    with registered(make_process(task("a", mode=mode), bodies={"a": end})):
        for in_background in (False, True):
            run = services.start("made", in_background=in_background)
            run_due()
            run.refresh_from_db()
            assert run.status == "failed"
            assert said in run.error["detail"]


@pytest.mark.parametrize("text", ["\ud800", "a\x00b"])
def test_a_log_may_have_any_character(text: str) -> None:
    with registered(make_process(task("a"), bodies={"a": lambda context: context.log(text)})):
        run = services.start("made")
    assert run.status == "succeeded"
    assert StepRun.objects.get().log == text.replace("\ud800", "?").replace("\x00", "\ufffd")
