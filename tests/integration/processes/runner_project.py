"""What the processes have in common that the test of the runners starts, whatever brings them together.

Imported, it sets Django and the broker up, as a project's module for `celery -A` or `dramatiq` does. As a program it
hands runs over, or starts them: each line of its input is JSON, `["hand_over", run, fence, queue]` or
`["start", process, queue]`, and is answered when that is done.

Without RUNNERS_ENGINE the engine is not asked: what is carried out is a function of this module.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import django
from django.apps import apps
from django.db.models import Q

RUNNER, BROKER = os.environ["RUNNERS_RUNNER"], os.environ.get("RUNNERS_BROKER", "")
QUEUE = os.environ["RUNNERS_QUEUE"]
HAS_ENGINE = bool(os.environ.get("RUNNERS_ENGINE"))


def work_on(run_id: int, fence: int, *, using: str) -> bool:
    """Stand in for the executor: ends a run that is still as it was handed over, and writes down that it did."""
    from django.db import transaction
    from django.db.models import F
    from django.utils import timezone

    from actions.processes.models import Run, StepRun

    with transaction.atomic(using=using):
        held = Run.objects.using(using).filter(pk=run_id, fence=fence, due_at__isnull=False)
        if not held.update(fence=F("fence") + 1, due_at=None, status="succeeded", result={"pid": os.getpid()}):
            return False
        now = timezone.now()
        StepRun.objects.using(using).create(
            run_id=run_id,
            root_id=run_id,
            number=0,
            node="work",
            status="succeeded",
            entered_at=now,
            started_at=now,
            duration_seconds=0,
        )
        return True


def work_on_next(using: str) -> bool:
    """Take the run that has been due longest, as the package's own worker does."""
    from actions import work
    from actions.processes.models import Run

    run = work.claim(Run, using=using)
    return run is not None and work_on(run.pk, run.fence, using=using)


def _set_up() -> None:
    if not apps.ready:
        django.setup()
    if HAS_ENGINE:
        _register_process()
        return
    from actions.processes import executor

    executor.work_on = work_on


def _register_process() -> None:
    """Three steps with a wait between them, each of which says where it was carried out."""
    from actions.payloads import SchemaPayload
    from actions.processes.expressions import literal
    from actions.processes.graph import Edge, Graph, Kind, Node
    from actions.processes.policies import Policy
    from actions.processes.process import Process
    from actions.processes.registry import processes

    nodes = {
        "first": Node("first", Kind.TASK, (Edge("rest"),), run="where", register="first"),
        "rest": Node("rest", Kind.WAIT, (Edge("second"),), policy=Policy(wait_for=literal(0.3))),
        "second": Node("second", Kind.TASK, run="where", register="second"),
    }
    graph = Graph("elsewhere", "first", nodes)
    bodies = {"where": lambda context, arguments: os.getpid()}
    processes.register(Process(graph, SchemaPayload({"type": "object"}), bodies, source=__name__))


def _celery() -> Any:
    from celery import Celery

    made = Celery("runners", broker=BROKER, set_as_current=True)
    made.conf.update(
        task_default_queue=QUEUE,
        broker_transport_options={"global_keyprefix": QUEUE} if BROKER.startswith("redis") else {},
        broker_connection_retry_on_startup=True,
        worker_enable_remote_control=False,
    )
    made.autodiscover_tasks()
    return made


def _dramatiq() -> None:
    import dramatiq

    if BROKER.startswith("redis"):
        from dramatiq.brokers.redis import RedisBroker

        dramatiq.set_broker(RedisBroker(url=BROKER, namespace=QUEUE))
    else:
        from dramatiq.brokers.rabbitmq import RabbitmqBroker

        dramatiq.set_broker(RabbitmqBroker(url=BROKER))


_set_up()
if RUNNER == "celery":
    app = _celery()
    from actions.processes import runners

    runners.load()
if RUNNER == "dramatiq":
    _dramatiq()


def serve() -> None:
    """Be the package's own worker, with one queue."""
    from actions import worker
    from actions.processes.models import Run

    if HAS_ENGINE:
        worker.serve([QUEUE])
    else:
        worker.register_queue("test runs", lambda: ["default"], work_on_next, Run, lambda: [Q(queue=QUEUE)])
    crew = worker.Crew()
    with worker.stopped_by_signals(crew):
        crew.run()
    crew.close()


def main() -> None:
    """Hand over what is asked for."""
    from actions.processes.runners import get_runner

    print("ready", flush=True)  # noqa: T201 - the test reads it
    for line in sys.stdin:
        what, *words = json.loads(line)
        if what == "hand_over":
            run_id, fence, queue = words
            get_runner().hand_over(run_id, fence, "default", queue=queue)
            print("done", flush=True)  # noqa: T201
        else:
            from actions.processes.services import start

            process, queue = words
            print(start(process, queue=queue, in_background=True).pk, flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
