"""The Airflow sender against a local server that answers like Airflow 3's REST API."""

from __future__ import annotations

import base64
import json
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest

from actions.exceptions import MissingExtraError
from actions.senders import Parcel, PermanentError, TemporaryError, sender_of
from actions.senders.airflow import AirflowSender, DagRun, look, trigger
from actions.senders.airflow_client import retry_after, tokens

UID = UUID("6f9a1c52-0c1d-4d0e-9a2f-000000000001")
RUN_ID = f"dj-actions__{UID}"
SECRET = "swordfish"
EVENT = {"uid": "e-1", "title": "Mark a todo as done", "request": {"note": None}}
MESSAGE = {"type": "todo.mark_done.succeeded", "text": "alice: Mark a todo as done", "data": EVENT}


class FakeAirflow(ThreadingHTTPServer):
    """Keeps what it got; `answers` are given before its own, by the end of the path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.dags = {"etl"}
        self.runs: dict[tuple[str, str], dict[str, Any]] = {}
        self.values: dict[tuple[str, str, str], Any] = {}
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[Any] = []
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.token_seconds = 3600
        self.valid: set[str] = set()
        self.issued = 0

    def will_answer(
        self, path: str, status: int, body: Any = None, headers: dict[str, str] | None = None, times: int = 1
    ) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answers.setdefault(path, []).extend([(status, headers or {}, raw)] * times)

    def new_token(self) -> str:
        self.issued += 1
        now = int(time.time())
        claims = json.dumps({"iat": now, "exp": now + self.token_seconds, "jti": self.issued}).encode()
        token = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.sig"
        self.valid.add(token)
        return token

    def end(self, state: str, run_id: str = RUN_ID, dag_id: str = "etl") -> None:
        self.runs[dag_id, run_id].update(
            state=state, start_date="2026-11-21T15:00:00Z", end_date="2026-11-21T15:00:05.5Z"
        )

    def asked(self, method: str, ending: str = "") -> int:
        return sum(1 for how, path in self.requests if how == method and path.endswith(ending))


class Handler(BaseHTTPRequestHandler):
    server: FakeAirflow
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET", None)

    def do_POST(self) -> None:
        self._answer("POST", json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def _answer(self, method: str, body: Any) -> None:
        self.server.requests.append((method, self.path))
        self.server.bodies.append(body)
        for ending, waiting in self.server.answers.items():
            if self.path.endswith(ending) and waiting:
                return self._say(*waiting.pop(0))
        status, answer = self._own(method, body)
        return self._say(status, {}, json.dumps(answer).encode())

    def _own(self, method: str, body: Any) -> tuple[int, Any]:
        if self.path == "/auth/token":
            return self._log_in(body)
        header = self.headers.get("Authorization")
        if not header:
            return 401, {"detail": "Not authenticated"}
        if header.removeprefix("Bearer ") not in self.server.valid:
            return 403, {"detail": "Invalid JWT token"}
        return self._api(method, body)

    def _log_in(self, body: Any) -> tuple[int, Any]:
        if (body["username"], body["password"]) != ("bot", SECRET):
            return 401, {"detail": "Invalid credentials"}
        return 201, {"access_token": self.server.new_token()}

    def _api(self, method: str, body: Any) -> tuple[int, Any]:
        match self.path.removeprefix("/api/v2/").split("/"):
            case ["dags", dag_id, "dagRuns"] if method == "POST":
                return self._trigger(dag_id, body)
            case ["dags", dag_id, "dagRuns", run_id]:
                run = self.server.runs.get((dag_id, run_id))
                return (200, run) if run else (404, {"detail": "The DagRun was not found"})
            case ["dags", dag_id, "dagRuns", run_id, "taskInstances", task_id, "xcomEntries", "return_value"]:
                if (dag_id, run_id, task_id) in self.server.values:
                    return 200, {"key": "return_value", "value": self.server.values[dag_id, run_id, task_id]}
        return 404, {"detail": "Not Found"}

    def _trigger(self, dag_id: str, body: Any) -> tuple[int, Any]:
        if dag_id not in self.server.dags:
            return 404, {"detail": f"Dag with dag_id: '{dag_id}' not found"}
        if (dag_id, body["dag_run_id"]) in self.server.runs:
            return 409, {"detail": {"reason": "Unique constraint violation"}}
        run = {"dag_id": dag_id, "dag_run_id": body["dag_run_id"], "state": "queued", "conf": body["conf"]}
        self.server.runs[dag_id, body["dag_run_id"]] = run | {"start_date": None, "end_date": None}
        return 200, self.server.runs[dag_id, body["dag_run_id"]]

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeAirflow]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    tokens.clear()
    with FakeAirflow() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
    tokens.clear()


def options(airflow: FakeAirflow, **more: Any) -> dict[str, Any]:
    login = {} if "token" in more else {"username": "bot", "password": SECRET}
    return {"url": airflow.url, **login, "dag_id": "etl", "timeout": 20, **more}


def parcel(airflow: FakeAirflow, receipt: dict[str, Any] | None = None, **more: Any) -> Parcel:
    return Parcel(uid=UID, hook="etl", options=options(airflow, **more), message=MESSAGE, receipt=receipt or {})


# --- triggering -------------------------------------------------------------------------------------------------------


def test_a_message_triggers_a_run_named_after_its_delivery(airflow: FakeAirflow) -> None:
    receipt = AirflowSender().send(parcel(airflow, conf={"region": "eu"}))
    assert receipt.facts == {
        "dag_id": "etl",
        "dag_run_id": RUN_ID,
        "state": "queued",
        "url": f"{airflow.url}/dags/etl/runs/{RUN_ID}",
    }
    assert receipt.again_in is None
    assert airflow.bodies[-1] == {
        "dag_run_id": RUN_ID,
        "logical_date": None,
        "conf": {"region": "eu", "event": EVENT, "text": MESSAGE["text"]},
    }


def test_the_same_delivery_twice_is_one_run(airflow: FakeAirflow) -> None:
    first = AirflowSender().send(parcel(airflow))
    assert AirflowSender().send(parcel(airflow)) == first
    assert len(airflow.runs) == 1


def test_a_run_that_was_triggered_and_ended_unseen_is_told_of_at_once(airflow: FakeAirflow) -> None:
    AirflowSender().send(parcel(airflow))
    airflow.end("success")
    receipt = AirflowSender().send(parcel(airflow, follow=True))
    assert receipt.facts["state"] == "success"
    assert receipt.again_in is None


def test_an_address_with_the_path_of_the_api_is_understood(airflow: FakeAirflow) -> None:
    receipt = AirflowSender().send(parcel(airflow, url=f"{airflow.url}/api/v2/"))
    assert receipt.facts["url"].startswith(f"{airflow.url}/dags/")


def test_the_sender_is_found_by_its_kind() -> None:
    assert isinstance(sender_of("airflow"), AirflowSender)


# --- following --------------------------------------------------------------------------------------------------------


def test_a_followed_run_is_asked_about_again(airflow: FakeAirflow) -> None:
    receipt = AirflowSender().send(parcel(airflow, follow=True))
    assert receipt.again_in == timedelta(seconds=10)
    airflow.runs["etl", RUN_ID]["state"] = "running"
    receipt = AirflowSender().send(parcel(airflow, dict(receipt.facts), follow=True, poll_seconds=2.5))
    assert (receipt.facts["state"], receipt.again_in) == ("running", timedelta(seconds=2.5))
    assert airflow.asked("POST", "/dagRuns") == 1
    assert airflow.asked("GET") == 1


def test_a_followed_run_ends_with_its_result(airflow: FakeAirflow) -> None:
    receipt = AirflowSender().send(parcel(airflow, follow=True, result_task="load"))
    airflow.end("success")
    airflow.values["etl", RUN_ID, "load"] = {"rows": 3, "bad": None}
    receipt = AirflowSender().send(parcel(airflow, dict(receipt.facts), follow=True, result_task="load"))
    assert receipt.again_in is None
    assert receipt.facts == {
        "dag_id": "etl",
        "dag_run_id": RUN_ID,
        "state": "success",
        "url": f"{airflow.url}/dags/etl/runs/{RUN_ID}",
        "started_at": "2026-11-21T15:00:00+00:00",
        "ended_at": "2026-11-21T15:00:05.500000+00:00",
        "result": {"rows": 3, "bad": None},
    }
    json.dumps(receipt.facts)


def test_a_failed_run_is_a_receipt_and_no_error(airflow: FakeAirflow) -> None:
    receipt = AirflowSender().send(parcel(airflow, follow=True, result_task="load"))
    airflow.end("failed")
    receipt = AirflowSender().send(parcel(airflow, dict(receipt.facts), follow=True, result_task="load"))
    assert (receipt.facts["state"], receipt.facts["result"], receipt.again_in) == ("failed", None, None)


def test_a_state_that_is_new_to_the_client_is_one_on_the_way(airflow: FakeAirflow) -> None:
    receipt = AirflowSender().send(parcel(airflow, follow=True))
    airflow.runs["etl", RUN_ID]["state"] = "simmering"
    receipt = AirflowSender().send(parcel(airflow, dict(receipt.facts), follow=True))
    assert receipt.facts["state"] == "simmering"
    assert receipt.again_in


def test_the_dag_that_was_triggered_is_followed_when_the_setting_has_changed(airflow: FakeAirflow) -> None:
    receipt = AirflowSender().send(parcel(airflow, follow=True))
    receipt = AirflowSender().send(parcel(airflow, dict(receipt.facts), follow=True, dag_id="another"))
    assert receipt.facts["dag_id"] == "etl"


def test_a_followed_run_that_is_gone_is_not_asked_about_again(airflow: FakeAirflow) -> None:
    receipt = AirflowSender().send(parcel(airflow, follow=True))
    airflow.runs.clear()
    with pytest.raises(PermanentError, match=f'no run "{RUN_ID}" of the DAG "etl"') as raised:
        AirflowSender().send(parcel(airflow, dict(receipt.facts), follow=True))
    assert raised.value.status == 404


# --- trigger() and look() ---------------------------------------------------------------------------------------------


def test_other_callers_trigger_and_look(airflow: FakeAirflow) -> None:
    begun = trigger(options(airflow, result_task="load"), "step-7", {"rows": 2})
    assert begun == DagRun("etl", "step-7", "queued")
    assert (begun.is_finished, begun.is_success) == (False, False)
    airflow.values["etl", "step-7", "load"] = "done"
    airflow.end("success", "step-7")
    ended = look(options(airflow, result_task="load"), "step-7")
    assert (ended.is_finished, ended.is_success, ended.result) == (True, True, "done")
    assert ended.started_at == datetime(2026, 11, 21, 15, tzinfo=UTC)
    assert ended.ended_at
    assert ended.ended_at > ended.started_at


def test_a_run_of_a_caller_is_its_own_conf_above_the_hook_s(airflow: FakeAirflow) -> None:
    trigger(options(airflow, conf={"a": 1, "b": 1}), "step-7", {"b": 2})
    assert airflow.runs["etl", "step-7"]["conf"] == {"a": 1, "b": 2}


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_one_token_serves_many_messages(airflow: FakeAirflow) -> None:
    for number in range(3):
        trigger(options(airflow), f"run-{number}", {})
    assert airflow.issued == 1


def test_a_token_that_is_about_to_expire_is_not_used(airflow: FakeAirflow) -> None:
    airflow.token_seconds = 20
    trigger(options(airflow), "run-1", {})
    trigger(options(airflow), "run-2", {})
    assert airflow.issued == 2


def test_an_opaque_token_is_kept_too(airflow: FakeAirflow) -> None:
    airflow.valid.add("opaque")
    airflow.will_answer("/auth/token", 201, {"access_token": "opaque"})
    trigger(options(airflow), "run-1", {})
    trigger(options(airflow), "run-2", {})
    assert airflow.asked("POST", "/auth/token") == 1


def test_a_refused_token_is_replaced_at_once(airflow: FakeAirflow) -> None:
    trigger(options(airflow), "run-1", {})
    airflow.valid.clear()
    assert trigger(options(airflow), "run-2", {}).state == "queued"
    assert airflow.issued == 2


def test_threads_share_a_token_and_replace_it_together(airflow: FakeAirflow) -> None:
    trigger(options(airflow), "run-0", {})
    airflow.valid.clear()
    threads = [threading.Thread(target=trigger, args=(options(airflow), f"run-{n}", {})) for n in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(airflow.runs) == 9


@pytest.mark.parametrize("status", [401, 403])
def test_a_user_who_may_not_is_tried_twice_and_named(airflow: FakeAirflow, status: int) -> None:
    airflow.will_answer("/dagRuns", status, {"detail": "Forbidden"}, times=2)
    with pytest.raises(TemporaryError, match=r'DJACTION_HOOKS\["etl"\]\["username"\]') as raised:
        AirflowSender().send(parcel(airflow))
    assert raised.value.status == status
    assert airflow.asked("POST", "/dagRuns") == 2


def test_a_wrong_password_is_named_and_not_told(airflow: FakeAirflow) -> None:
    with pytest.raises(TemporaryError, match=r'DJACTION_HOOKS\["etl"\]\["password"\]') as raised:
        AirflowSender().send(parcel(airflow, password="hunter2"))
    assert "hunter2" not in str(raised.value)
    assert raised.value.status == 401


def test_a_given_token_is_used_as_it_is(airflow: FakeAirflow) -> None:
    assert AirflowSender().send(parcel(airflow, token=airflow.new_token())).facts["state"] == "queued"
    assert airflow.asked("POST", "/auth/token") == 0


def test_a_given_token_that_is_wrong_is_named(airflow: FakeAirflow) -> None:
    with pytest.raises(TemporaryError, match=r'DJACTION_HOOKS\["etl"\]\["token"\]') as raised:
        AirflowSender().send(parcel(airflow, token="stale"))
    assert "stale" not in str(raised.value)
    assert airflow.requests == [("POST", "/api/v2/dags/etl/dagRuns")]


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_an_address_that_gives_no_token_is_named(airflow: FakeAirflow, status: int) -> None:
    airflow.will_answer("/auth/token", status, b"<html>", {"Location": "/login"})
    with pytest.raises(TemporaryError, match=r'DJACTION_HOOKS\["etl"\]\["url"\]'):
        AirflowSender().send(parcel(airflow))


def test_what_the_login_says_of_a_password_is_not_told(airflow: FakeAirflow) -> None:
    airflow.will_answer("/auth/token", 422, {"detail": [{"loc": ["body"], "msg": "bad", "input": SECRET}]})
    with pytest.raises(TemporaryError) as raised:
        AirflowSender().send(parcel(airflow))
    assert SECRET not in str(raised.value)


# --- answers ----------------------------------------------------------------------------------------------------------


def test_an_unknown_dag_may_come_yet(airflow: FakeAirflow) -> None:
    with pytest.raises(TemporaryError, match=r'no DAG "elt".*DJACTION_HOOKS\["etl"\]\["dag_id"\]') as raised:
        AirflowSender().send(parcel(airflow, dag_id="elt"))
    assert raised.value.status == 404


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_trouble_that_passes(airflow: FakeAirflow, status: int) -> None:
    airflow.will_answer("/dagRuns", status, {"detail": "not now"}, {"Retry-After": "7"})
    with pytest.raises(TemporaryError, match="not now") as raised:
        AirflowSender().send(parcel(airflow))
    assert (raised.value.status, raised.value.retry_after) == (status, timedelta(seconds=7))


@pytest.mark.parametrize("status", [400, 405, 410, 413, 422])
def test_trouble_that_stays(airflow: FakeAirflow, status: int) -> None:
    airflow.will_answer("/dagRuns", status, {"detail": "Param region is required"})
    with pytest.raises(PermanentError, match="Param region is required") as raised:
        AirflowSender().send(parcel(airflow))
    assert raised.value.status == status


def test_a_list_of_complaints_is_told_without_the_values(airflow: FakeAirflow) -> None:
    complaint = {"loc": ["body", "conf"], "msg": "Input should be a dictionary", "input": "private"}
    airflow.will_answer("/dagRuns", 422, {"detail": [complaint]})
    with pytest.raises(PermanentError, match=r"body\.conf: Input should be a dictionary") as raised:
        AirflowSender().send(parcel(airflow))
    assert "private" not in str(raised.value)


def test_a_secret_that_airflow_repeats_is_not_told(airflow: FakeAirflow) -> None:
    airflow.will_answer("/dagRuns", 400, {"detail": f"I do not like {SECRET}"})
    with pytest.raises(PermanentError, match="I do not like …"):
        AirflowSender().send(parcel(airflow))


def test_a_redirect_is_not_followed(airflow: FakeAirflow) -> None:
    airflow.will_answer("/dagRuns", 307, b"", {"Location": f"{airflow.url}/elsewhere"})
    with pytest.raises(PermanentError) as raised:
        AirflowSender().send(parcel(airflow))
    assert raised.value.status == 307
    assert airflow.asked("POST", "/elsewhere") == 0


@pytest.mark.parametrize("body", [b"<html>Sign in</html>", b"", b"[]", b"\xff"])
def test_an_answer_that_is_not_airflow_s_is_asked_for_again(airflow: FakeAirflow, body: bytes) -> None:
    airflow.will_answer("/dagRuns", 200, body)
    with pytest.raises(TemporaryError, match=r"200 without JSON.*\[\"url\"\]"):
        AirflowSender().send(parcel(airflow))


def test_an_answer_that_breaks_off_is_asked_for_again(airflow: FakeAirflow) -> None:
    airflow.will_answer("/dagRuns", 200, b'{"state"', {"Content-Length": "500", "Connection": "close"})
    with pytest.raises(TemporaryError, match="did not answer"):
        AirflowSender().send(parcel(airflow))


def test_an_answer_that_never_ends_is_not_read(airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.senders.airflow_client.LARGEST_ANSWER", 1000)
    airflow.will_answer("/dagRuns", 200, b"x" * 5000)
    with pytest.raises(PermanentError, match="larger than 1000 bytes"):
        AirflowSender().send(parcel(airflow))


def test_no_connection_is_tried_again(airflow: FakeAirflow) -> None:
    with pytest.raises(TemporaryError, match="did not answer: NewConnectionError") as raised:
        AirflowSender().send(parcel(airflow, url="http://127.0.0.1:1"))
    assert raised.value.status is None


def test_a_server_that_keeps_silent_is_tried_again(airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch) -> None:
    may_answer = threading.Event()
    monkeypatch.setattr(Handler, "_own", lambda *_: (may_answer.wait(60) and 500, None))
    with pytest.raises(TemporaryError, match="did not answer"):
        AirflowSender().send(parcel(airflow, timeout=0.2))
    may_answer.set()


@pytest.mark.parametrize("option", ["url", "username", "dag_id"])
def test_an_option_that_is_missing_is_named_at_first_use(airflow: FakeAirflow, option: str) -> None:
    with pytest.raises(TemporaryError, match=rf'DJACTION_HOOKS\["etl"\]\["{option}"\] is missing'):
        AirflowSender().send(parcel(airflow, **{option: ""}))


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://example.com", "http://bot:pw@example.com"])
def test_only_plain_http_addresses_are_asked(airflow: FakeAirflow, url: str) -> None:
    with pytest.raises(TemporaryError, match="is not an address") as raised:
        AirflowSender().send(parcel(airflow, url=url))
    assert url not in str(raised.value)


def test_without_the_client_the_extra_is_named(airflow: FakeAirflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "airflow_client.client", None)
    with pytest.raises(MissingExtraError, match=r"dj-actions\[airflow\]"):
        AirflowSender().send(parcel(airflow))


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("30", 30), ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("soon", None), ("-1", None), (None, None)],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: int | None) -> None:
    assert retry_after(header) == (None if seconds is None else timedelta(seconds=seconds))


# --- checks -----------------------------------------------------------------------------------------------------------

GOOD = {"url": "https://airflow.example.com", "username": "bot", "password": "x", "dag_id": "etl"}


def problems(**options: Any) -> set[str]:
    return {problem.option for problem in AirflowSender().check({**GOOD, **options})}


def test_good_options_are_no_problem() -> None:
    assert not problems(follow=True, poll_seconds=0.5, result_task="load", conf={})


@pytest.mark.parametrize(
    ("options", "option"),
    [
        ({"url": None}, "url"),
        ({"url": "airflow.example.com"}, "url"),
        ({"url": "http://bot:pw@example.com"}, "url"),
        ({"url": "https://example.com/?x=1"}, "url"),
        ({"url": "http://[::1"}, "url"),
        ({"url": 5}, "url"),
        ({"dag_id": ""}, "dag_id"),
        ({"dag_id": 5}, "dag_id"),
        ({"username": ""}, "username"),
        ({"password": ""}, "password"),
        ({"username": "", "password": ""}, "token"),
        ({"token": "t"}, "token"),
        ({"conf": []}, "conf"),
        ({"conf": "x"}, "conf"),
        ({"follow": "yes"}, "follow"),
        ({"result_task": "load"}, "result_task"),
        ({"poll_seconds": 0}, "poll_seconds"),
        ({"poll_seconds": True}, "poll_seconds"),
        ({"timeout": "10"}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"pol_seconds": 1}, "pol_seconds"),
    ],
)
def test_what_is_wrong_with_options_is_found(options: dict[str, Any], option: str) -> None:
    assert option in problems(**options)


def test_a_mistyped_option_is_told_the_right_one() -> None:
    (problem,) = AirflowSender().check({**GOOD, "pol_seconds": 1})
    assert "poll_seconds" in problem.remedy


def test_no_problem_tells_a_secret() -> None:
    told = str(list(AirflowSender().check({"password": SECRET, "url": f"http://bot:{SECRET}@example.com", "token": 5})))
    assert SECRET not in told


def test_a_client_that_is_not_installed_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.senders.airflow.find_spec", lambda name: None)
    (problem,) = AirflowSender().check(GOOD)
    assert 'pip install "dj-actions[airflow]"' in problem.remedy
