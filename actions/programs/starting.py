"""Starts a supervisor, and talks with it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from . import supervisor

SCRIPT = str(Path(supervisor.__file__).with_name("__main__.py"))
MAX_SOCKETS = 4
END_SECONDS = 30.0
"""How long a supervisor that was let go may take to end."""


class Supervised:
    """A supervisor with its program; both end with the block."""

    def __init__(self, *, has_input: bool) -> None:
        """Start the supervisor.

        Args:
            has_input: Whether something is written to the program's standard input.
        """
        self._control, theirs = socket.socketpair()
        environment = {name: value for name, value in os.environ.items() if name == "LD_LIBRARY_PATH"}
        try:
            # No settings of the project, no open files of the worker, nothing of its terminal.
            self._process = subprocess.Popen(
                [_python(), "-I", "-S", SCRIPT, str(theirs.fileno())],
                stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
                cwd="/",
                env=environment,
            )
        except BaseException:
            self._control.close()
            raise
        finally:
            theirs.close()
        self._buffer = b""
        self._handed: list[int] = []
        self.is_closed = False
        """Whether the supervisor is gone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        self._control.close()
        for descriptor in self._handed:
            os.close(descriptor)
        # Without its control it ends what it watches over.
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    def fileno(self) -> int:
        """For `poll`."""
        return self._control.fileno()

    def take_streams(self) -> tuple[int | None, int, int]:
        """Descriptors of the program's standard streams, which are the caller's from now on."""
        found: list[int | None] = []
        with ExitStack() as undo:
            for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
                descriptor = None if stream is None else os.dup(stream.fileno())
                found.append(descriptor)
                if stream is not None and descriptor is not None:
                    undo.callback(os.close, descriptor)
                    stream.close()
            undo.pop_all()
        stdin, stdout, stderr = found
        assert stdout is not None  # noqa: S101 - both were asked for
        assert stderr is not None  # noqa: S101 - as above
        return stdin, stdout, stderr

    def say(self, message: Mapping[str, Any]) -> None:
        """Tell it something, if it is there."""
        with suppress(OSError):
            self._control.sendall(json.dumps(message).encode() + b"\n")

    def hear(self) -> list[tuple[dict[str, Any], socket.socket | None]]:
        """What it has said, each with the socket that came with it."""
        try:
            data, descriptors, _flags, _address = socket.recv_fds(self._control, 65536, MAX_SOCKETS)
        except ConnectionResetError:
            data, descriptors = b"", []
        self._handed += descriptors
        if not data:
            self.is_closed = True
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        found: list[tuple[dict[str, Any], socket.socket | None]] = []
        for message in map(json.loads, lines):
            is_socket = message["event"] == "socket"
            found.append((message, socket.socket(fileno=self._handed.pop(0)) if is_socket else None))
        return found


def _python() -> str:
    """This Python. A server that has it built in calls itself `sys.executable`."""
    if "python" in Path(sys.executable or "").name:
        return sys.executable
    return str(Path(sys.base_exec_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}"))
