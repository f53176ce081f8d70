"""Wait for a run of a DAG."""

from __future__ import annotations

from typing import Any

from actions.processes.context import StepContext
from actions.processes.core_tasks.airflow_runs import look_at, options_of, result_of
from actions.processes.tasks import task
from actions.senders.airflow import POLL_SECONDS


@task(
    mode="external",
    examples=[{"title": "A run of today", "payload": {"dag_id": "figures", "dag_run_id": "scheduled__2025-01-31"}}],
)
def wait_for_run(
    dag_id: str,
    dag_run_id: str,
    *,
    hook: str = "",
    result_task: str = "",
    poll_seconds: float = POLL_SECONDS,
    context: StepContext,
) -> dict[str, Any]:
    """Wait until a run has ended that something else has started; answer as `airflow.run_dag` does.

    Args:
        dag_id: The DAG.
        dag_run_id: Airflow's id of the run.
        hook: A hook of DJACTION_HOOKS that says where Airflow is; if not given, the environment does.
        result_task: The id of the task in the DAG whose returned value is the result.
        poll_seconds: How long to wait before Airflow is asked again.
    """
    options, source = options_of(hook, dag_id, result_task)
    return result_of(look_at(options, dag_run_id, source, context, poll_seconds), poll_seconds)
