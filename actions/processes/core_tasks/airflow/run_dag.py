"""Start a run of a DAG."""

from __future__ import annotations

from typing import Any

from actions.processes.context import StepContext
from actions.processes.core_tasks.airflow_runs import facts_of, look_at, noted, options_of, result_of, run_id_of
from actions.processes.tasks import task
from actions.senders.airflow import POLL_SECONDS, trigger


@task(
    mode="external",
    examples=[{"title": "Nightly figures", "payload": {"dag_id": "figures", "conf": {"day": "2025-01-31"}}}],
)
def run_dag(
    dag_id: str,
    conf: dict[str, Any] | None = None,
    *,
    hook: str = "",
    waits: bool = True,
    result_task: str = "",
    poll_seconds: float = POLL_SECONDS,
    context: StepContext,
) -> dict[str, Any]:
    """Start a run of a DAG, wait for its end, and answer `{"dag_id", "dag_run_id", "state", "result"}`.

    The run's id is made of the step's own key, so that a step that is tried again starts no second one. A run that
    ends badly fails the step.

    Args:
        dag_id: The DAG.
        conf: What the run is given.
        hook: A hook of DJACTION_HOOKS that says where Airflow is; if not given, the environment does.
        waits: Whether to wait for the end.
        result_task: The id of the task in the DAG whose returned value is the result.
        poll_seconds: How long to wait before Airflow is asked again.
    """
    options, source = options_of(hook, dag_id, result_task)
    run_id = noted(context).get("dag_run_id")
    if run_id:
        return result_of(look_at(options, run_id, source, context, poll_seconds), poll_seconds)
    run = trigger(options, run_id_of(context), conf or {}, source=source)
    return result_of(run, poll_seconds) if waits else facts_of(run)
