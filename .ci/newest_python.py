"""Print the newest Python of this machine that is newer than this one; nothing where there is none."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

OLDEST, NEWEST = 12, 19
PROBE = "import ensurepip, sqlite3, sys; assert sys.implementation.name == 'cpython'; print(*sys.version_info[:3])"


def candidates() -> list[str]:
    """Programs that may be a Python 3.12 or newer: on the path, and those that pyenv has."""
    named = [shutil.which(f"python3.{minor}") for minor in range(OLDEST, NEWEST + 1)]
    managed = sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"))
    return [*filter(None, named), *map(str, managed)]


def version(program: str) -> tuple[int, ...]:
    """Its version, () for one that does not work."""
    try:
        done = subprocess.run([program, "-c", PROBE], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError):
        return ()
    return tuple(map(int, done.stdout.split()))


found = [(number, program) for program in candidates() if (number := version(program))[:2] > sys.version_info[:2]]
if found:
    print(max(found)[1])
