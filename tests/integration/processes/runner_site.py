"""Processes that hand runs over and carry them out, for the tests of the runners."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from tests import brokers

ROOT = Path(__file__).resolve().parents[3]
PROJECT = "tests.integration.processes.runner_project"
PATIENCE_SECONDS = 60
QUEUE = f"actions_{os.getpid()}"
"""This run's own: several may use one broker at the same time."""

CELERY = [sys.executable, "-m", "celery", "-A", PROJECT, "worker", "--pool", "solo", "--queues", QUEUE]
CELERY += ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
DRAMATIQ = [sys.executable, "-m", "dramatiq", "--processes", "1", "--threads", "1", "--queues", QUEUE, "--"]
DRAMATIQ += [PROJECT, "actions.processes.runners.dramatiq_actor"]
OWN = f"from {PROJECT} import serve; serve()"
TASKS = f"import {PROJECT}; from django.core.management import call_command as call; "
TASKS += "call('db_worker', queue_name='*', interval=0.05, backend_name='default', startup_delay=False)"


@dataclass(frozen=True)
class Backend:
    """What brings runs to whoever carries them out."""

    name: str
    runner: str
    command: list[str]
    service: str = ""
    url: str = ""


BACKENDS = [
    Backend("worker", "worker", [sys.executable, "-c", OWN]),
    Backend("tasks", "tasks", [sys.executable, "-c", TASKS]),
    Backend("celery-redis", "celery", CELERY, "Redis", "redis://127.0.0.1:6379/0"),
    Backend("dramatiq-rabbitmq", "dramatiq", DRAMATIQ, "RabbitMQ", "amqp://guest:guest@127.0.0.1:5672/%2F"),
]


def until(condition: Callable[[], object], *processes: subprocess.Popen[str]) -> None:
    """Wait for something that other processes bring about."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert [process.poll() for process in processes] == [None] * len(processes), "a process has ended"
        assert time.monotonic() < deadline, "it has not come to that"
        time.sleep(0.02)


class Site:
    """A process that hands over, and the workers that were started for it."""

    def __init__(self, backend: Backend, *, url: str = "", has_engine: bool = False) -> None:
        self.backend = backend
        self.environ = _environ(backend, url or backend.url, has_engine=has_engine)
        self.processes: list[subprocess.Popen[str]] = []
        self.sender = self._begin([sys.executable, "-m", PROJECT])
        assert self._answer() == "ready"

    def work(self) -> subprocess.Popen[str]:
        """Start a worker."""
        return self._begin(self.backend.command)

    def look(self) -> subprocess.Popen[str]:
        """Start the package's own worker, which hands over what falls due."""
        return self._begin(BACKENDS[0].command)

    @property
    def has_worker(self) -> bool:
        """Whether anybody carries out what is handed over."""
        return len(self.processes) > 1

    def stop_workers(self) -> None:
        """End all but the one that hands over."""
        while self.has_worker:
            ended = self.processes.pop()
            ended.send_signal(signal.SIGTERM)
            ended.communicate(timeout=PATIENCE_SECONDS)

    def hand_over(self, run: Any, *, queue: str | None = QUEUE) -> float:
        """Have a run handed over that is as in the database; how long that took."""
        began = time.monotonic()
        self._ask("hand_over", run.pk, run.fence, queue)
        return time.monotonic() - began

    def start(self, process: str, queue: str = QUEUE) -> int:
        """Have a run started; its key."""
        return int(self._ask("start", process, queue))

    def close(self) -> None:
        """End what was started."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self.processes:
            try:
                process.communicate(timeout=15)
            except subprocess.TimeoutExpired:
                # Dramatiq's children go with the first of them.
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()

    def _begin(self, command: list[str]) -> subprocess.Popen[str]:
        self.processes.append(
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE if PROJECT in command[-1:] else None,
                text=True,
                start_new_session=True,
            )
        )
        return self.processes[-1]

    def _ask(self, *words: Any) -> str:
        assert self.sender.stdin is not None
        self.sender.stdin.write(json.dumps(words) + "\n")
        self.sender.stdin.flush()
        answer = self._answer()
        assert answer, "the process that hands over has ended"
        return answer

    def _answer(self) -> str:
        assert self.sender.stdout is not None
        return self.sender.stdout.readline().strip()


@contextmanager
def site_of(backend: Backend, *, has_engine: bool = False) -> Iterator[Site]:
    """A backend that has no worker as yet."""
    if backend.service:
        brokers.need(backend.service)
    if backend.runner == "tasks":
        _migrate(backend)
    made = Site(backend, has_engine=has_engine)
    try:
        yield made
    finally:
        made.close()
        _clear(backend)


def _environ(backend: Backend, url: str, *, has_engine: bool = False) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "tests.integration.processes.runner_settings",
        "PYTHONPATH": str(ROOT),
        "RUNNERS_DATABASE": str(connection.settings_dict["NAME"]),
        "RUNNERS_RUNNER": backend.runner,
        "RUNNERS_BROKER": url,
        "RUNNERS_QUEUE": QUEUE,
        "RUNNERS_ENGINE": "1" if has_engine else "",
    }


def _migrate(backend: Backend) -> None:
    """The backend's own tables, which only its processes know."""
    command = [sys.executable, "manage.py", "migrate", "django_tasks_database", "--verbosity", "0"]
    subprocess.run(command, cwd=ROOT, env=_environ(backend, ""), check=True, timeout=PATIENCE_SECONDS)


def _clear(backend: Backend) -> None:
    """Leave nothing on the broker."""
    if backend.service == "Redis":
        from redis import Redis

        client = Redis.from_url(backend.url)
        for key in client.scan_iter(f"*{QUEUE}*"):
            client.delete(key)
        client.close()
    if backend.service == "RabbitMQ":
        import pika

        with pika.BlockingConnection(pika.URLParameters("amqp://guest:guest@127.0.0.1:5672/%2F")) as broker:
            for name in (QUEUE, f"{QUEUE}.DQ", f"{QUEUE}.XQ"):
                broker.channel().queue_delete(name)
