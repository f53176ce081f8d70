"""A project with processes whose steps a test can stop in the middle, and workers that kill themselves."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path
from typing import Any

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


def serve() -> None:
    """Be the worker as it is run, in a project with the slow processes."""
    from actions.processes.registry import processes
    from tests.programs import manage

    for each in slow_processes():
        processes.register(each)
    manage("actions_worker")


# --- workers that kill themselves -------------------------------------------------------------------------------------


def work(scenario_name: str, instant: str) -> None:
    """Do all that is due, and end with SIGKILL at an instant."""
    from actions.processes.executor import take_next
    from actions.processes.worker import deliver_next_message
    from tests.processes import registered
    from tests.storm.deaths import Reaper
    from tests.storm.scenarios import SCENARIOS
    from tests.storm.world import World

    def strikes(number: int, what: str) -> bool:
        if number == int(instant):
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    scenario = next(each for each in SCENARIOS if each.name == scenario_name)
    world = World(None, Reaper(strikes), effects=Effects())  # type: ignore[arg-type]
    with registered(*scenario.processes(world)), world.reaper.at_work():
        while take_next("default", limit=100) or deliver_next_message("default"):
            pass
