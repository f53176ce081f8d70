"""Which values the settings of programs can have, for the system check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from actions.conf import conf

from .limits import LIMITS, is_limit

SANDBOXES = ("auto", "bubblewrap", "none")


def program_settings() -> Iterator[tuple[str, bool, str]]:
    """(setting, whether its value is possible, what is expected) of each."""
    yield "PROGRAMS", _are_paths(conf.PROGRAMS), "a list of full paths of executables, or of folders that have them"
    yield "PROGRAM_FOLDERS", _are_paths(conf.PROGRAM_FOLDERS), "a list of full paths of folders"
    yield "PROGRAM_USER", isinstance(conf.PROGRAM_USER, str), 'the name of a user, or "" for the worker\'s own'
    limits: Any = conf.PROGRAM_LIMITS
    is_right = isinstance(limits, Mapping) and all(is_limit(*item) for item in limits.items())
    yield "PROGRAM_LIMITS", is_right, f"numbers above 0 by name: {', '.join(LIMITS)}"
    yield "PROGRAM_NETWORK", isinstance(conf.PROGRAM_NETWORK, bool), "True or False"
    yield "PROGRAM_SANDBOX", conf.PROGRAM_SANDBOX in SANDBOXES, " or ".join(map(repr, SANDBOXES))


def _are_paths(paths: Any) -> bool:
    """Whether it is a list of absolute paths; the root, which would allow everything, is none."""
    if not isinstance(paths, list | tuple | set | frozenset):
        return False
    return all(isinstance(path, str | Path) and Path(path).is_absolute() and Path(path) != Path("/") for path in paths)
