"""Airflow: each message triggers a run of a DAG, which is followed to its end where the hook says so.

`trigger` and `look` are the same two steps for callers that wait in a way of their own, such as a step of a process.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import get_close_matches
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote

from .airflow_client import AirflowClient, is_address, url_of
from .base import Parcel, PermanentError, Problem, Receipt, TemporaryError

RUN_ID_PREFIX = "dj-actions__"
ENDED = ("success", "failed")
POLL_SECONDS = 10.0
OWN_OPTIONS = {
    "url",
    "username",
    "password",
    "token",
    "dag_id",
    "conf",
    "follow",
    "poll_seconds",
    "result_task",
    "timeout",
}


@dataclass(frozen=True, slots=True)
class DagRun:
    """A run of a DAG as Airflow told of it."""

    dag_id: str
    run_id: str
    state: str
    """Airflow's word: queued, running, success, failed."""
    result: Any = None
    """What the task of the option `result_task` returned; None before the run's end, and where it returned nothing."""
    started_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def is_finished(self) -> bool:
        """Whether it has come to its end, good or bad."""
        return self.state in ENDED

    @property
    def is_success(self) -> bool:
        """Whether it has come to a good end."""
        return self.state == "success"


def trigger(options: Mapping[str, Any], run_id: str, conf: Mapping[str, Any], *, source: str = "options") -> DagRun:
    """Start a run, or find the one that has been started with this id before.

    Args:
        options: See `AirflowSender`.
        run_id: The caller's own name of the run, so that asking again starts no second one.
        conf: What the DAG is given; the `conf` of the options is beneath it.
        source: How errors name the options: 'DJACTION_HOOKS["etl"]'.

    Raises:
        TemporaryError: No answer, a wrong password or token, or no such DAG (yet).
        PermanentError: Airflow will not start it, ever.
        MissingExtraError: apache-airflow-client is not installed.
    """
    with AirflowClient(options, source) as client:
        dag_id = client.required("dag_id")
        answer = client.trigger(dag_id, run_id, {**(options.get("conf") or {}), **conf})
        if answer.status == 404:
            # It may be there in a minute: Airflow reads new files now and then.
            raise TemporaryError(
                f'Airflow at {client.url} knows no DAG "{dag_id}". Look at {client.setting("dag_id")}.', status=404
            )
        if answer.status == 409:
            return _look(client, options, run_id)
        return _run(answer.body, dag_id, run_id)


def look(options: Mapping[str, Any], run_id: str, *, source: str = "options") -> DagRun:
    """How a run stands now; asks once and waits for nothing.

    Raises:
        TemporaryError: No answer, or a wrong password or token.
        PermanentError: There is no such run (any more).
        MissingExtraError: apache-airflow-client is not installed.
    """
    with AirflowClient(options, source) as client:
        return _look(client, options, run_id)


def _look(client: AirflowClient, options: Mapping[str, Any], run_id: str) -> DagRun:
    dag_id = client.required("dag_id")
    answer = client.run(dag_id, run_id)
    if answer.status == 404:
        raise PermanentError(f'Airflow at {client.url} has no run "{run_id}" of the DAG "{dag_id}".', status=404)
    run = _run(answer.body, dag_id, run_id)
    task_id = options.get("result_task")
    if not (task_id and run.is_finished):
        return run
    value = client.value(dag_id, run_id, str(task_id))
    return _run(answer.body, dag_id, run_id, value.body.get("value") if value.status == 200 else None)


def _run(body: Mapping[str, Any], dag_id: str, run_id: str, result: Any = None) -> DagRun:
    return DagRun(
        dag_id=dag_id,
        run_id=run_id,
        state=str(body.get("state") or ""),
        result=result,
        started_at=_instant(body.get("start_date")),
        ended_at=_instant(body.get("end_date")),
    )


def _instant(text: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


class AirflowSender:
    """Triggers a DAG for each message.

    The DAG is given `{**conf, "event": the event's facts, "text": the message's text}`. The run's id is made of the
    delivery's, so that a delivery that is sent twice starts one run.

    Options of the hook:
        url: Airflow's address, without /api/v2.
        username, password: For a token from `POST /auth/token`, which is kept as long as it is valid; or
        token: One that does not expire while the project runs.
        dag_id: The DAG.
        conf: A dict that each run is given besides.
        follow: True to follow each run to its end, with state and result in the delivery's receipt.
        poll_seconds: How long the worker waits before it asks again; 10.
        result_task: The id of the task whose returned value is the result.
        timeout: In seconds, for all requests of one attempt together.
    """

    is_downstream = True
    """What comes of it there is written into the event's record."""

    def check(self, options: Mapping[str, Any]) -> Iterable[Problem]:
        """What is wrong with a hook's options; Airflow is not asked."""
        yield from _unknown(options)
        yield from _address(options)
        yield from _login(options)
        yield from _kinds(options)
        if find_spec("airflow_client") is None:
            yield Problem("type", "needs apache-airflow-client.", 'Install it: pip install "dj-actions[airflow]"')

    def send(self, parcel: Parcel) -> Receipt:
        """Trigger the DAG, or ask how the run stands that this parcel's receipt tells of.

        Raises:
            TemporaryError: No answer, a wrong password or token, or no such DAG (yet).
            PermanentError: Airflow will never take this message, or the run that was followed is gone.
            MissingExtraError: apache-airflow-client is not installed.
        """
        options, source = parcel.options, f'DJACTION_HOOKS["{parcel.hook}"]'
        followed = parcel.receipt.get("dag_run_id") if options.get("follow") else None
        if followed:
            # The DAG that was triggered, whatever the settings name by now.
            options = {**options, "dag_id": parcel.receipt.get("dag_id") or options.get("dag_id")}
            run = look(options, followed, source=source)
        else:
            conf = {"event": parcel.message["data"], "text": parcel.message["text"]}
            run = trigger(options, f"{RUN_ID_PREFIX}{parcel.uid}", conf, source=source)
        is_open = bool(options.get("follow")) and not run.is_finished
        wait = timedelta(seconds=float(options.get("poll_seconds") or POLL_SECONDS))
        return Receipt(_facts(run, options), again_in=wait if is_open else None)


def _facts(run: DagRun, options: Mapping[str, Any]) -> dict[str, Any]:
    page = f"{url_of(options['url'])}/dags/{quote(run.dag_id, safe='')}/runs/{quote(run.run_id, safe='')}"
    facts: dict[str, Any] = {"dag_id": run.dag_id, "dag_run_id": run.run_id, "state": run.state, "url": page}
    if run.started_at:
        facts["started_at"] = run.started_at.isoformat()
    if run.ended_at:
        facts["ended_at"] = run.ended_at.isoformat()
    if run.is_finished and options.get("result_task"):
        facts["result"] = run.result
    return facts


def _unknown(options: Mapping[str, Any]) -> Iterator[Problem]:
    for name in sorted(set(map(str, options)) - OWN_OPTIONS):
        near = get_close_matches(name, OWN_OPTIONS, 1)
        remedy = f'Did you mean "{near[0]}"?' if near else f"Known are {', '.join(sorted(OWN_OPTIONS))}."
        yield Problem(name, "is not an option of an airflow hook.", remedy)


def _address(options: Mapping[str, Any]) -> Iterator[Problem]:
    url = options.get("url")
    if not url:
        yield Problem("url", "is missing.", 'Give Airflow\'s address: "https://airflow.example.com".')
    elif not isinstance(url, str) or not is_address(url):
        yield Problem(
            "url", "is not an http:// or https:// address alone.", "Leave out user, password, query and fragment."
        )
    if not options.get("dag_id"):
        yield Problem("dag_id", "is missing.", "Name the DAG that is to run.")


def _login(options: Mapping[str, Any]) -> Iterator[Problem]:
    given = {name for name in ("username", "password", "token") if options.get(name)}
    if not given:
        yield Problem("token", "is missing, and so are username and password.", "Give username and password.")
    elif "token" in given and len(given) > 1:
        yield Problem("token", "is given beside username or password.", "Leave out one of them.")
    elif len(given) == 1 and "token" not in given:
        missing = "password" if "username" in given else "username"
        yield Problem(missing, "is missing.", "Give both username and password.")


def _kinds(options: Mapping[str, Any]) -> Iterator[Problem]:
    for name in ("poll_seconds", "timeout"):
        value = options.get(name, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
            yield Problem(name, f"is {value!r}, not a number above 0.", "Give it in seconds.")
    for name in ("dag_id", "username", "password", "token", "result_task"):
        if options.get(name) and not isinstance(options[name], str):
            yield Problem(name, "is not a text.", "Give a text.")
    if not isinstance(options.get("conf", {}), Mapping):
        yield Problem("conf", "is not a dict.", 'Give a dict: {"region": "eu"}.')
    if not isinstance(options.get("follow", False), bool):
        yield Problem("follow", "is neither True nor False.", "Give True or False.")
    elif options.get("result_task") and not options.get("follow"):
        yield Problem("result_task", "says nothing without follow.", 'Add "follow": True.')
