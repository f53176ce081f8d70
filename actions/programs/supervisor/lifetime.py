"""One program, from its start to its end."""

from __future__ import annotations

import os
import resource
import select
import signal
import socket
import subprocess
import time
from math import inf
from typing import Any

from .control import Control
from .ports import Ports
from .system import (
    IS_LINUX,
    confine,
    descendants,
    inherit_orphans,
    let_streams_go,
    own_network,
    remove,
    send,
    send_group,
)

TICK_SECONDS = 0.05
"""Between two tries to connect to the program, or to kill what does not die."""
LONG_SECONDS = 3600.0
LAST_SECONDS = 10.0
"""How long the supervisor waits for what it has killed: a disk that does not answer keeps processes."""
SINCE = {signal.SIGXCPU: "cpu", signal.SIGXFSZ: "file_size"}
"""Signals that say which limit was reached."""


class Supervisor:
    """Starts the program, waits for its end, or brings it about, and leaves nothing of it."""

    def __init__(self, connection: socket.socket) -> None:
        self.control = Control(connection)
        self.ports = Ports(lambda name, made: self.control.tell(made, event="socket", name=name))
        self.spec: dict[str, Any] = {}
        self.pid = 0
        self.status: int | None = None
        self.usage: resource.struct_rusage | None = None
        self.reason = ""
        self.asked: set[int] = set()
        """Processes that have been asked to end."""
        self.kill_at = self.timeout_at = inf

    def run(self) -> None:
        """All of it."""
        heard: list[dict[str, Any]] = []
        while not heard and not self.control.is_closed:
            heard = self.control.hear()
        if self.control.is_closed:
            return
        self.spec, *more = heard
        awakened = self._hear_signals()
        inherit_orphans()
        if self._start():
            self._obey(more)
            self._watch(awakened)
            self._end_all()
            self.control.tell(event="ended", **self._facts())
        if not self._is_let_go():
            remove(self.spec["temporary"])

    def _is_let_go(self) -> bool:
        """Wait for the worker to say that it has taken all; False where it has died before that."""
        while not self.control.is_closed:
            if any(message.get("done") for message in self.control.hear()):
                return True
        return False

    def _hear_signals(self) -> int:
        awakened, ringing = os.pipe()
        os.set_blocking(awakened, False)
        os.set_blocking(ringing, False)
        signal.set_wakeup_fd(ringing, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self._stop("stopped"))
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return awakened

    def _start(self) -> bool:
        """Start the program; whether it runs."""
        try:
            is_alone = not self.spec["network"] and own_network()
            self.ports.prepare(self.spec["sockets"])
            self._spawn()
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            let_streams_go()
            self.control.tell(event="failed", error=str(error))
            return False
        let_streams_go()
        self.control.tell(event="started", pid=self.pid, network="off" if is_alone else "on")
        if self.spec["timeout"]:
            self.timeout_at = time.monotonic() + self.spec["timeout"]
        return True

    def _spawn(self) -> None:
        spec, user = self.spec, self.spec["user"] or {}
        process = subprocess.Popen(
            spec["command"],
            executable=spec["executable"],
            cwd=spec["cwd"],
            env=spec["environment"],
            start_new_session=True,
            user=user.get("uid"),
            group=user.get("gid"),
            extra_groups=user.get("groups"),
            preexec_fn=lambda: confine(spec["limits"]),  # noqa: PLW1509 - there are no threads
        )
        self.pid = process.pid
        # Waited for here, with whatever else there is to wait for.
        process.returncode = 0

    def _watch(self, awakened: int) -> None:
        """Wait for the end of the program itself."""
        while self.status is None:
            waited_for: list[Any] = [awakened] if self.control.is_closed else [awakened, self.control]
            ready = select.select(waited_for, [], [], self._wait())[0]
            if awakened in ready:
                os.read(awakened, 4096)
            if self.control in ready:
                self._obey(self.control.hear())
            if self.control.is_closed:
                self._stop("worker_gone")
            self._look_at_clock()
            self._ask()
            self.ports.connect()
            self._reap()

    def _obey(self, messages: list[dict[str, Any]]) -> None:
        if any(message.get("stop") for message in messages):
            self._stop("stopped")

    def _wait(self) -> float:
        """For how long nothing happens by itself."""
        if self.ports.unconnected or self.reason:
            return TICK_SECONDS
        return min(LONG_SECONDS, max(0.0, min(self.kill_at, self.timeout_at) - time.monotonic()))

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if now >= self.timeout_at:
            self.timeout_at = inf
            self._stop("timeout")
        if now >= self.kill_at:
            send_group(self.pid, signal.SIGKILL)
            send(descendants(), signal.SIGKILL)

    def _stop(self, reason: str) -> None:
        """Ask the program to end, and see that it does. Only the first reason counts, and the shortest time."""
        self.reason = self.reason or reason
        self.kill_at = min(self.kill_at, time.monotonic() + self.spec["grace"])

    def _ask(self) -> None:
        """Ask the program, and all that it has started, to end: each process once, also one that begins only now.

        What watches over a sandbox is not asked: when it ends, everything inside is killed at once.
        """
        if self.reason:
            found = ({self.pid} | descendants()) - self.asked
            self.asked |= found
            send(found - {self.pid} if self.spec["is_sandboxed"] else found, signal.SIGTERM)

    def _reap(self) -> bool:
        """Take leave of processes that have ended; whether there are others."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if pid == self.pid:
                self.status, self.usage = status, usage

    def _end_all(self) -> None:
        """Kill what the program has left behind."""
        deadline = time.monotonic() + LAST_SECONDS
        while True:
            if not IS_LINUX:
                send_group(self.pid, signal.SIGKILL)
            # Where all of them can be found, not by the group's number any more: it may be another's by now.
            send(descendants(), signal.SIGKILL)
            if not self._reap() or time.monotonic() > deadline:
                return
            time.sleep(0.005)

    def _facts(self) -> dict[str, Any]:
        """How it has ended."""
        assert self.status is not None  # noqa: S101 - that is what was waited for
        assert self.usage is not None  # noqa: S101 - as above
        code = os.waitstatus_to_exitcode(self.status)
        is_signalled = code < 0 or (self.spec["is_sandboxed"] and code > 128)
        number = abs(code) if code < 0 else code - 128
        limit = SINCE.get(number, "") if is_signalled else ""  # type: ignore[call-overload]
        return {
            # As shells say it.
            "exit_code": 128 + number if code < 0 else code,
            "signal": number if code < 0 else None,
            "reason": self.reason or limit or "exited",
            "usage": {
                "user_seconds": round(self.usage.ru_utime, 3),
                "system_seconds": round(self.usage.ru_stime, 3),
                "memory": self.usage.ru_maxrss * 1024,
            },
        }
