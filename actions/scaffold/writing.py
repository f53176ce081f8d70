"""Writing files: all or none, and never over one that exists."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from django.core.management.base import CommandError


def packages(folder: Path, root: Path) -> dict[Path, str]:
    """The `__init__.py` files that are missing from below `root` down to `folder`."""
    below = [folder, *folder.parents]
    folders = reversed(below[: below.index(root)])
    return {file: "" for file in (folder / "__init__.py" for folder in folders) if not file.exists()}


def write(new: Mapping[Path, str], replaced: Mapping[Path, str] | None = None) -> None:
    """Write new files with their folders, then put others in the place of what they replace.

    Raises:
        CommandError: A new file exists already, or cannot be written. Nothing has then been changed.
    """
    if taken := [str(path) for path in new if path.exists()]:
        raise CommandError(f"{taken[0]} exists already, and nothing is overwritten. Move it, or choose another name.")
    made: list[Path] = []
    try:
        for path, text in new.items():
            _make_folders(path.parent, made)
            with path.open("x", encoding="utf-8", newline="") as file:
                made.append(path)
                file.write(text)
        for path, text in (replaced or {}).items():
            _replace(path, text)
    except OSError as error:
        _remove(made)
        raise CommandError(f"Nothing was made: {error.strerror}: {error.filename}.") from error


def _make_folders(folder: Path, made: list[Path]) -> None:
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir()
        made.append(parent)


def _replace(path: Path, text: str) -> None:
    """In one step, so that whoever reads the file meanwhile sees the old or the new one."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
        shutil.copymode(path, temporary)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _remove(made: list[Path]) -> None:
    for path in reversed(made):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
