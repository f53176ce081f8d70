"""`manage.py …` in processes of their own, which real signals end.

They are forked from a process in which Python and Django have begun already: what takes most of the time of such a test
is done once. From there on each is as any other, with connections, settings and an end of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.forkserver import ensure_running
from subprocess import TimeoutExpired
from typing import Any

import django
from django.apps import apps

if not apps.ready:
    # In the process that all others are forked from.
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()

_context = get_context("forkserver")
_context.set_forkserver_preload([__name__, "tests.urls", "tests.storm.scenarios"])


def begin() -> None:
    """Start the process that all others are forked from, before a test looks what it leaves behind."""
    ensure_running()


def manage(*command: str) -> None:
    """Be `manage.py`."""
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", *command])


class Program:
    """A command on the test's database, with what callers of `subprocess.Popen` use.

    Args:
        settings: A module of settings that differ from the tests' own; read after `environ` is set.
        environ: Variables, besides those of the test.
        main: What the program does with the command's words; a function of a module.
        also: A module to import first, "" for none: what it declares is known there.
    """

    def __init__(
        self,
        *command: str,
        settings: str,
        environ: Mapping[str, str] | None = None,
        main: Callable[..., object] = manage,
        also: str = "",
    ) -> None:
        self._reader, writer = _context.Pipe(duplex=False)
        environ = {**os.environ, **(environ or {})}
        self._process = _context.Process(target=_run, args=(main, command, settings, environ, also, writer))
        self._process.start()
        writer.close()
        assert self._process.pid is not None
        self.pid = self._process.pid
        self._returncode: int | None = None

    @property
    def returncode(self) -> int | None:
        """As of `Popen`: a signal's number is negative; None as long as it runs."""
        return self._process.exitcode if self._returncode is None else self._returncode

    def poll(self) -> int | None:
        """The same."""
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()

    def communicate(self, timeout: float | None = None) -> tuple[str, None]:
        """Wait for its end; what it has printed. To be called once.

        Raises:
            TimeoutExpired: It goes on.
        """
        self._process.join(timeout)
        if self.returncode is None:
            raise TimeoutExpired(str(self._process), timeout or 0)
        self._returncode = self.returncode
        self._process.close()
        with self._reader, open(self._reader.fileno(), closefd=False) as output:
            return output.read(), None


def _run(
    main: Callable[..., object],
    command: tuple[str, ...],
    settings: str,
    environ: dict[str, str],
    also: str,
    writer: Connection,
) -> None:
    """Be a program: everything that follows happens in a process of its own."""
    os.environ.clear()
    os.environ.update(environ)
    os.dup2(writer.fileno(), 1)
    writer.close()
    sys.argv = ["manage.py", *command]
    _adopt(settings)
    if also:
        import_module(also)
    try:
        main(*command)
    finally:
        sys.stdout.flush()


def _adopt(name: str) -> None:
    """Have the settings of a module in place of the tests' own."""
    from django.db import connections
    from django.test import override_settings

    from tests import settings as common

    own: dict[str, Any] = {key: value for key, value in vars(import_module(name)).items() if key.isupper()}
    databases = own.pop("DATABASES")
    override_settings(**{key: own[key] for key in own if own[key] != getattr(common, key, None)}).enable()
    for alias, database in databases.items():
        connections[alias].settings_dict["NAME"] = database["NAME"]
