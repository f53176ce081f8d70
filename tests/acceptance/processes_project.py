"""A project with processes whose steps a test can stop in the middle, and workers that kill themselves.

    python -m tests.acceptance.processes_project

reads lines `{"scenario": …, "instant": …}`. For each it forks a worker, which does all that is due and ends itself with
SIGKILL at that instant; then it answers what has become of the worker. A fork costs a hundredth of a new program.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import django
from django.apps import AppConfig

PATIENCE_SECONDS = 60


def folder() -> Path:
    """Where steps and the test leave messages for each other."""
    return Path(os.environ["PROCESSES_FOLDER"])


def begun() -> list[str]:
    """Process ids of the workers that have begun the slow step, in that order."""
    file = folder() / "begun"
    return file.read_text().split() if file.exists() else []


def effects() -> list[tuple[str, str]]:
    """What external steps have done, with the keys that they were given."""
    file = folder() / "effects"
    return [tuple(json.loads(line)) for line in file.read_text().splitlines()] if file.exists() else []


class Effects(list[tuple[str, str]]):
    """What external steps have done, outside of the database and of the process."""

    def append(self, effect: tuple[str, str]) -> None:
        with (folder() / "effects").open("a") as file:
            file.write(json.dumps(effect) + "\n")


def slow(context: Any) -> int:
    """Write something, and wait half-way as long as the test wants it."""
    from tests.app.models import Article

    Article.objects.create(title=f"{context.run_id} {context.node}")
    # Outside of the database, so that it tells of attempts that were rolled back, too.
    with (folder() / "begun").open("a") as file:
        file.write(f"{os.getpid()}\n")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (folder() / "wait").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    return os.getpid()


def slow_processes() -> list[Any]:
    """A process with a slow step in the middle, in a transaction or outside of one."""
    from actions.processes.graph import Mode
    from tests.processes import make_process, task

    made = []
    for name, mode in (("slow", None), ("slow-outside", Mode.EXTERNAL)):
        made.append(
            make_process(
                task("before", "middle", register="before"),
                task("middle", "after", mode=mode, register="middle"),
                task("after", register="after"),
                bodies={"before": quick, "middle": slow, "after": quick},
                name=name,
            )
        )
    return made


def quick(context: Any) -> int:
    """Write something."""
    from tests.app.models import Article

    Article.objects.create(title=f"{context.run_id} {context.node}")
    return os.getpid()


class Project(AppConfig):
    """Has the slow processes in a worker that a test starts."""

    name = "tests.acceptance"
    label = "processes_project"

    def ready(self) -> None:
        from actions.processes.registry import processes

        for each in slow_processes():
            processes.register(each)


# --- workers that kill themselves -------------------------------------------------------------------------------------


def work(scenario_name: str, instant: int) -> int:
    """Do all that is due; the end comes at an instant. How many instants there were, if it does not."""
    from actions.processes.executor import take_next
    from actions.processes.worker import deliver_next_message
    from tests.processes import registered
    from tests.storm.deaths import Reaper
    from tests.storm.scenarios import SCENARIOS
    from tests.storm.world import World

    def strikes(number: int, what: str) -> bool:
        if number == instant:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    scenario = next(each for each in SCENARIOS if each.name == scenario_name)
    world = World(None, Reaper(strikes), effects=Effects())  # type: ignore[arg-type]
    with registered(*scenario.processes(world)), world.reaper.at_work():
        while take_next("default", limit=100) or deliver_next_message("default"):
            pass
    return world.reaper.count


def main() -> None:
    """Answer to each line."""
    django.setup()
    print("ready", flush=True)  # noqa: T201 - it is what the test reads
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            status = 70
            try:
                work(order["scenario"], order["instant"])
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201 - as above


if __name__ == "__main__":
    main()
