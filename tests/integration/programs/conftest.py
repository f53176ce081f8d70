"""Programs that tests may run, and a look at what they leave behind."""

from __future__ import annotations

import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from actions.programs.supervisor.system import descendants

Script = Callable[..., str]


@pytest.fixture(autouse=True)
def permits(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The system's programs, and those of the test, may be run; without a sandbox, which has tests of its own."""
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    settings.DJACTION_PROGRAMS = ["/usr/bin", "/bin", str(tmp_path / "scripts")]
    settings.DJACTION_PROGRAM_FOLDERS = [str(tmp_path / "work")]
    settings.DJACTION_PROGRAM_USER = "root" if os.geteuid() == 0 else ""
    settings.DJACTION_PROGRAM_SANDBOX = "none"
    settings.DJACTION_PROGRAM_LIMITS = {"grace": 1}
    (tmp_path / "work").mkdir()
    return settings


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A folder in which programs may work."""
    return tmp_path / "work"


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Writes a script of the shell that may be run, and answers its path."""

    def write(text: str, name: str = "script") -> str:
        path = tmp_path / "scripts" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    return write


def left_behind(*, has_database: bool) -> dict[str, Counter[Any]]:
    """What there is of this process, and of those that it has started. A database has files and sockets."""
    ignored = ("socket:", "sqlite3") if has_database else ()
    return {
        "processes": Counter(descendants()),
        # Pipes and sockets by their kind: each has a number of its own.
        "descriptors": Counter(
            name.partition(":[")[0] for name in _descriptors() if not any(word in name for word in ignored)
        ),
        "ports": Counter(_listening()),
        "temporary": Counter(os.listdir(tempfile.gettempdir())),  # noqa: PTH208
    }


def _descriptors() -> list[str]:
    """What is open; not what looks at it."""
    names = []
    for path in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            names.append(str(path.readlink()))
    return [name for name in names if not name.endswith("/fd")]


def _listening() -> set[str]:
    """Ports of this process; others of this machine are nobody's business here."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    own = set(_descriptors())
    return {line[1] for line in lines if line[3] == "0A" and f"socket:[{line[9]}]" in own}


@pytest.fixture(autouse=True)
def _nothing_is_left_behind(permits: Any, request: pytest.FixtureRequest) -> Iterator[None]:
    """Each test leaves no file, process or port. What tests before it have left open may be closed meanwhile."""
    has_database = request.node.get_closest_marker("django_db") is not None
    before = left_behind(has_database=has_database)
    yield
    deadline = time.monotonic() + 5
    while (new := _new(before, has_database)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not new


def _new(before: dict[str, Counter[Any]], has_database: bool) -> dict[str, Counter[Any]]:
    after = left_behind(has_database=has_database)
    return {what: there - before[what] for what, there in after.items() if there - before[what]}
