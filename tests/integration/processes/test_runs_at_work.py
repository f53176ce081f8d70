"""Whole runs that the engine carries out in other processes, in the same way through each of the runners.

On one database: what differs between databases, other tests see.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from actions.processes.models import Run, StepRun

from .runner_site import BACKENDS, QUEUE, Backend, Site, site_of, until

pytestmark = [
    pytest.mark.once,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("backend", BACKENDS, ids=lambda backend: backend.name, scope="module"),
]


@pytest.fixture(scope="module")
def idle_site(backend: Backend, django_db_setup: None, django_db_blocker: Any) -> Iterator[Site]:
    """A backend without a worker as yet."""
    with site_of(backend, has_engine=True) as made:
        yield made


@pytest.fixture
def site(idle_site: Site) -> Site:
    """The backend with its worker, and the package's own, which hands over what falls due."""
    if not idle_site.has_worker:
        idle_site.work()
        if idle_site.backend.runner != "worker":
            idle_site.look()
    return idle_site


def _ended(run_id: int, site: Site) -> Run:
    until(lambda: Run.objects.get(pk=run_id).is_finished, *site.processes)
    run: Run = Run.objects.get(pk=run_id)
    return run


def test_a_run_that_is_started_while_no_worker_runs_waits_for_one(
    idle_site: Site, request: pytest.FixtureRequest
) -> None:
    if idle_site.has_worker:
        idle_site.stop_workers()
    key = idle_site.start("elsewhere")
    assert not Run.objects.get(pk=key).is_finished
    assert _ended(key, request.getfixturevalue("site")).status == "succeeded"


def test_a_run_goes_through_its_wait_to_its_end_in_other_processes(site: Site) -> None:
    run = _ended(site.start("elsewhere"), site)
    assert (run.status, run.error) == ("succeeded", None)
    assert not {run.state["first"], run.state["second"]} & {os.getpid(), site.sender.pid}
    steps = StepRun.objects.filter(root_id=run.pk, status="succeeded").order_by("id")
    assert [step.node for step in steps] == ["first", "rest", "second"]


def test_many_runs_have_each_step_once(site: Site) -> None:
    keys = [site.start("elsewhere") for _ in range(10)]
    assert {_ended(key, site).status for key in keys} == {"succeeded"}
    for key in keys:
        nodes = StepRun.objects.filter(root_id=key).values_list("node", flat=True)
        assert sorted(nodes) == ["first", "rest", "second"]


def test_a_run_whose_message_is_lost_is_handed_over_anew(site: Site) -> None:
    lost = Run.objects.get(pk=_ended(site.start("elsewhere"), site).pk)
    run = Run.objects.create(
        process="elsewhere",
        definition_id=lost.definition_id,
        node="first",
        queue=QUEUE,
        correlation_id="c",
        fence=1,
        attempts=1,
        due_at=timezone.now() - timedelta(seconds=1),
    )
    assert _ended(run.pk, site).status == "succeeded"
