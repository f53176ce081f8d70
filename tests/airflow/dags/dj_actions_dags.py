"""DAGs for the tests with a real Airflow, which reads this file; the tests do not import it."""  # noqa: INP001 - no package of ours

from __future__ import annotations

from typing import Any

from airflow.sdk import dag, get_current_context, task


@dag(dag_id="dj_actions_greet", schedule=None)
def greet() -> None:
    """Answer what it was triggered with."""

    @task
    def answer() -> dict[str, Any]:
        conf = get_current_context()["dag_run"].conf
        return {"text": conf["text"], "title": conf["event"]["title"], "extra": conf.get("extra")}

    answer()


@dag(dag_id="dj_actions_fail", schedule=None)
def fail() -> None:
    """Come to a bad end."""

    @task
    def stumble() -> None:
        raise RuntimeError("This DAG fails, as it should.")

    stumble()


greet()
fail()
