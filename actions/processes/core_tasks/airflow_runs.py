"""What the tasks of `airflow` share: where Airflow is, and looking at a run until it has ended."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from actions.conf import conf
from actions.processes.context import StepContext
from actions.processes.exceptions import AgainError, StepError
from actions.senders.airflow import RUN_ID_PREFIX, DagRun, look
from actions.senders.base import TemporaryError

VARIABLES = {
    "url": "AIRFLOW_URL",
    "token": "AIRFLOW_TOKEN",
    "username": "AIRFLOW_USERNAME",
    "password": "AIRFLOW_PASSWORD",
}
ENVIRONMENT = "environment"
"""How errors name options that come from there."""
MISSES = 5
"""How often in a row Airflow may give no answer while a run is waited for."""
_NOT_IN_A_RUN_ID = re.compile(r"[^A-Za-z0-9_.~:+-]")


def options_of(hook: str, dag_id: str, result_task: str = "") -> tuple[dict[str, Any], str]:
    """Where Airflow is and how to log in, and how errors name that.

    Raises:
        StepError: There is no such hook, or the environment does not say it.
    """
    found = _of_hook(hook) if hook else _of_environment()
    source = f'DJACTION_HOOKS["{hook}"]' if hook else ENVIRONMENT
    options = {name: value for name, value in found.items() if name not in ("follow", "result_task")}
    return {**options, "dag_id": dag_id, **({"result_task": result_task} if result_task else {})}, source


def run_id_of(context: StepContext) -> str:
    """The id of the run that this step starts, the same at every try."""
    return RUN_ID_PREFIX + _NOT_IN_A_RUN_ID.sub("-", context.idempotency_key)


def look_at(options: Mapping[str, Any], run_id: str, source: str, context: StepContext, poll_seconds: float) -> DagRun:
    """How a run stands; some looks without an answer are taken for "not yet".

    Raises:
        AgainError: There was no answer.
        TemporaryError: There was none several times in a row.
        PermanentError: There is no such run.
    """
    try:
        return look(options, run_id, source=source)
    except TemporaryError as error:
        missed = int(noted(context).get("missed", 0)) + 1
        if missed > MISSES:
            raise
        context.log(f"No answer from Airflow ({missed}): {error.detail}")
        raise _again(run_id, poll_seconds, missed=missed) from error


def result_of(run: DagRun, poll_seconds: float) -> dict[str, Any]:
    """What a step answers of a run that has ended well.

    Raises:
        AgainError: It has not ended.
        StepError: It has failed.
    """
    if not run.is_finished:
        raise _again(run.run_id, poll_seconds)
    if not run.is_success:
        raise StepError(f'The run "{run.run_id}" of the DAG "{run.dag_id}" has ended as {run.state}.')
    return facts_of(run)


def facts_of(run: DagRun) -> dict[str, Any]:
    """A run as JSON."""
    return {"dag_id": run.dag_id, "dag_run_id": run.run_id, "state": run.state, "result": run.result}


def noted(context: StepContext) -> Mapping[str, Any]:
    """What this step has kept when it was looked at before; empty at first."""
    return context.note or {}


def _again(run_id: str, poll_seconds: float, **more: Any) -> AgainError:
    if poll_seconds <= 0:
        raise StepError(f"poll_seconds is {poll_seconds:g}. Give a number above 0.")
    return AgainError(timedelta(seconds=poll_seconds), {"dag_run_id": run_id, **more})


def _of_hook(hook: str) -> Mapping[str, Any]:
    options = conf.HOOKS.get(hook)
    if options is None or options.get("type") != "airflow":
        known = [name for name, each in conf.HOOKS.items() if each.get("type") == "airflow"]
        raise StepError(
            f'DJACTION_HOOKS has no hook "{hook}" of the type "airflow". There are: {", ".join(known) or "none"}.'
        )
    return {name: value for name, value in options.items() if name != "type"}


def _of_environment() -> Mapping[str, Any]:
    found = {option: os.environ[name] for option, name in VARIABLES.items() if os.environ.get(name)}
    if "url" not in found or not ("token" in found or {"username", "password"} <= set(found)):
        raise StepError(
            "Nothing says where Airflow is. Name a hook of DJACTION_HOOKS, or set the environment variables "
            "AIRFLOW_URL, and AIRFLOW_TOKEN or AIRFLOW_USERNAME and AIRFLOW_PASSWORD."
        )
    return found
