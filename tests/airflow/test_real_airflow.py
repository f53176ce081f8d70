"""The Airflow sender with a real Airflow, which `make test-airflow` starts; its DAGs are in dags/."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID, uuid4

import pytest

from actions.senders import Parcel, PermanentError, Receipt, TemporaryError
from actions.senders.airflow import AirflowSender, DagRun, look, trigger
from actions.senders.airflow_client import tokens

pytestmark = [
    pytest.mark.skipif(
        not os.environ.get("AIRFLOW_URL"), reason="AIRFLOW_URL is not set: make test-airflow starts one"
    ),
    pytest.mark.once,
]

Answer = TypeVar("Answer")

PATIENCE_SECONDS = 180
GREET, FAIL = "dj_actions_greet", "dj_actions_fail"
MESSAGE = {
    "type": "todo.mark_done.succeeded",
    "text": "alice: Mark a todo as done",
    "data": {"uid": "e-1", "title": "Mark a todo as done", "request": {"note": None}},
}
ANSWER = {"text": MESSAGE["text"], "title": "Mark a todo as done", "extra": None}


def options(dag_id: str = GREET, **more: Any) -> dict[str, Any]:
    return {
        "url": os.environ["AIRFLOW_URL"],
        "username": os.environ["AIRFLOW_USERNAME"],
        "password": os.environ["AIRFLOW_PASSWORD"],
        "dag_id": dag_id,
        "timeout": 60,
        **more,
    }


def conf() -> dict[str, Any]:
    return {"event": MESSAGE["data"], "text": MESSAGE["text"]}


def sent(uid: UUID, receipt: Receipt | None = None, **more: Any) -> Receipt:
    facts = receipt.facts if receipt else {}
    parcel = Parcel(uid=uid, hook="etl", options=options(**more), message=MESSAGE, receipt=facts)
    return patiently(lambda: AirflowSender().send(parcel))


def patiently(ask: Callable[[], Answer]) -> Answer:
    """What `ask` answers once Airflow, on SQLite and a busy machine, has the time: as the worker would see it."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return ask()
        except TemporaryError as error:
            if (error.status and error.status < 500) or time.monotonic() > ends_at:
                raise
            time.sleep(1)


def until(ask: Callable[[], Answer], is_it: Callable[[Answer], bool]) -> Answer:
    """What `ask` answers in the end."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not is_it(answer := ask()):
        assert time.monotonic() < ends_at, f"still {answer} after {PATIENCE_SECONDS} s"
        time.sleep(1)
    return answer


def ended(chosen: dict[str, Any], run_id: str) -> DagRun:
    return until(lambda: patiently(lambda: look(chosen, run_id)), lambda run: run.is_finished)


@pytest.fixture(scope="module", autouse=True)
def dags() -> None:
    """Airflow has read the file with the DAGs: until then, both are unknown, and tried again."""

    def is_known(dag_id: str) -> bool:
        try:
            patiently(lambda: trigger(options(dag_id), f"known-{uuid4()}", conf()))
        except TemporaryError as error:
            if error.status != 404:
                raise
            return False
        return True

    for dag_id in (GREET, FAIL):
        until(lambda dag_id=dag_id: is_known(dag_id), bool)


def test_a_run_is_given_its_conf_and_gives_its_result() -> None:
    chosen = options(result_task="answer", conf={"extra": [1, None]})
    run_id = f"step-{uuid4()}"
    assert patiently(lambda: trigger(chosen, run_id, conf())).run_id == run_id
    run = ended(chosen, run_id)
    assert run.is_success
    assert run.result == {**ANSWER, "extra": [1, None]}
    assert run.started_at
    assert run.ended_at
    assert run.started_at <= run.ended_at


def test_the_same_delivery_twice_is_one_run() -> None:
    uid = uuid4()
    first, second = sent(uid), sent(uid)
    assert first.facts["dag_run_id"] == second.facts["dag_run_id"] == f"dj-actions__{uid}"
    run = ended(options(), first.facts["dag_run_id"])
    assert look(options(), run.run_id) == run


def test_a_delivery_is_followed_from_its_trigger_to_its_result() -> None:
    uid = uuid4()
    receipts = [sent(uid, follow=True, result_task="answer")]
    assert receipts[0].again_in

    def follow() -> Receipt:
        receipts.append(sent(uid, receipts[-1], follow=True, result_task="answer"))
        return receipts[-1]

    last = until(follow, lambda receipt: receipt.again_in is None)
    assert last.facts["state"] == "success"
    assert last.facts["result"] == ANSWER
    assert last.facts["started_at"] < last.facts["ended_at"]


def test_a_run_that_fails_is_followed_to_its_bad_end() -> None:
    uid = uuid4()
    receipt = sent(uid, dag_id=FAIL, follow=True)
    last = until(lambda: sent(uid, receipt, dag_id=FAIL, follow=True), lambda answer: answer.again_in is None)
    assert last.facts["state"] == "failed"


def test_a_wrong_password_is_named() -> None:
    with pytest.raises(TemporaryError, match=r'DJACTION_HOOKS\["etl"\]\["password"\]') as raised:
        sent(uuid4(), password="wrong")
    assert raised.value.status == 401


def test_a_wrong_token_is_named() -> None:
    with pytest.raises(TemporaryError, match=r'DJACTION_HOOKS\["etl"\]\["token"\]') as raised:
        sent(uuid4(), token="wrong")
    assert raised.value.status == 403


def test_a_token_that_airflow_does_not_take_any_more_is_replaced() -> None:
    chosen = options()
    login = chosen["url"], chosen["username"], chosen["password"]
    tokens.clear()
    assert tokens.get(login, lambda: "stale") == "stale"
    assert sent(uuid4()).facts["state"]
    assert tokens.get(login, lambda: "stale") != "stale"


def test_an_unknown_dag_is_named_and_may_come_yet() -> None:
    with pytest.raises(TemporaryError, match=r'no DAG "elsewhere".*\["dag_id"\]') as raised:
        sent(uuid4(), dag_id="elsewhere")
    assert raised.value.status == 404


def test_an_unknown_run_is_gone() -> None:
    with pytest.raises(PermanentError, match="no run"):
        look(options(), "never-triggered")


def test_an_id_that_airflow_does_not_allow_is_not_tried_again() -> None:
    with pytest.raises(PermanentError) as raised:
        trigger(options(), "a/../b", conf())
    assert raised.value.status in (400, 422)
