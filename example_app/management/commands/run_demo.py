"""`manage.py run_demo`: the example's web server and its worker, started and ended together."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

from django.core.management import get_commands
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import NoReverseMatch, reverse

if TYPE_CHECKING:
    from types import FrameType

HOST = "127.0.0.1"
WORKER = "actions_worker"
STOP_SECONDS = 10.0
POLL_SECONDS = 0.2

PAGES = (
    ("API", "api-root"),
    ("Todos", "todo-list"),
    ("Swagger", "swagger"),
    ("  as JSON", "swagger-json"),
    ("OpenAPI 3.1", "docs"),
    ("ReDoc", "redoc"),
    ("Events", "actions:actionevent-list"),
    ("Processes", "processes:processes"),
    ("Runs", "process-runs:run-list"),
    ("Tasks", "people:task_list"),
    ("Dashboard", "people:dashboard"),
    ("Registry", "process-runs:catalogue"),
    ("Definitions", "process-registry:definition-list"),
    ("AI tools (MCP)", "mcp"),
    ("Admin", "admin:index"),
    ("Log in", "rest_framework:login"),
)
"""Names of the pages and of their URLs; those that this installation does not serve are left out."""
# The README's walkthrough uses another todo than these two lines, so that both can be followed.
GUIDE = """
{pages}

Wherever a login is asked for: user demo, password demo. Programs send the same as basic authentication.
Mark one todo as done, then every open one of a list:

  curl -u demo:demo -X POST {url}/todos/7/mark_done/
  curl -u demo:demo -X POST "{url}/todos/bulk_mark_done/?list=3"

Start a process; the "url" of its run shows what it has done, and that it waits for its follow-up in five days:

  curl -u demo:demo -X POST {url}/processes/signup-request/ -d username=ada@example.com -d password=in-six-words

A sign-up waits for its approval: log in as alice, password alice, and answer it in her tasks.

See the events that leave (in a second terminal, then call an action again):

  .venv/bin/python manage.py receive_events

Ctrl-C ends it.
"""


class Command(BaseCommand):
    """Starts `runserver`, and `actions_worker` where there is one; when one ends, both do."""

    help = __doc__

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the port."""
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until a signal comes or one of the two ends."""
        port: int = options["port"]
        _assert_free(port)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _stop)
        programs = [_start("runserver", f"{HOST}:{port}")]
        try:
            if WORKER in get_commands():
                programs.append(_start(WORKER))
            if _wait_for_answer(port, programs):
                self.stdout.write(_guide(f"http://{HOST}:{port}"))
                self.stdout.flush()
            status = _wait_for_end(programs)
        finally:
            _end(programs)
        if status:
            raise CommandError("The example has ended by itself; see above.", returncode=status)


def _guide(url: str) -> str:
    """What there is to see, and how to begin."""
    pages = []
    for title, name in PAGES:
        try:
            pages.append(f"  {title:<16}{url}{reverse(name)}")
        except NoReverseMatch:
            continue
    return GUIDE.format(pages="\n".join(pages), url=url)


class _Stopped(SystemExit):
    """A signal asked for the end."""


def _stop(number: int, frame: FrameType | None) -> None:
    raise _Stopped(0)


def _assert_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} is not free: {error.strerror}. Choose another: PORT=8001 make run"
            ) from error


def _start(*command: str) -> subprocess.Popen[bytes]:
    """A command of this project in a session of its own: Ctrl-C reaches this program only, which then ends both."""
    return subprocess.Popen([sys.executable, sys.argv[0], *command], start_new_session=True)


def _wait_for_answer(port: int, programs: list[subprocess.Popen[bytes]]) -> bool:
    """Whether the server listens; False when a program ends before."""
    while all(program.poll() is None for program in programs):
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                return True
        time.sleep(POLL_SECONDS)
    return False


def _wait_for_end(programs: list[subprocess.Popen[bytes]]) -> int:
    """The exit status of the first that ends; one that nobody asked to end has failed."""
    while True:
        for program in programs:
            status = program.poll()
            if status is not None:
                return status or 1
        time.sleep(POLL_SECONDS)


def _end(programs: list[subprocess.Popen[bytes]]) -> None:
    """Ask politely, then insist; each program's children (the reloader's) included."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _signal(programs, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for program in programs:
        try:
            program.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal([program], signal.SIGKILL)
            program.wait()


def _signal(programs: list[subprocess.Popen[bytes]], number: signal.Signals) -> None:
    for program in programs:
        try:
            os.killpg(program.pid, number)
        except ProcessLookupError:
            continue
