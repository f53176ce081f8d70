"""The folder of a run, and whatever else is made for it; all of it is gone at the end."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from .files import SAFELY, Entry, give, open_fifo, open_file
from .permits import User, folders, permitted, real, refuse_folder, working_folder

PREFIX = "program-"
NEW = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL


@dataclass(slots=True)
class Place:
    """Where one run takes place."""

    cwd_name: str
    """As the definition has it."""
    user: User | None
    outer: Path = field(init=False)
    """Made for the run, and the worker's: a program that owned it could put a link in its place."""
    folder: Path = field(init=False)
    """In there, with the program as its owner."""
    permits: tuple[Path, ...] = field(init=False)
    """Where adapters may read and write besides, as it was before the program began."""
    cwd: Path = field(init=False)
    made: list[tuple[str, int, int]] = field(default_factory=list)
    """What was made for it: paths, each with the device and the number of the folder that it is in."""
    stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        cwd = working_folder(self.cwd_name) if self.cwd_name else None
        self.permits = folders()
        self.outer = real(tempfile.mkdtemp(prefix=PREFIX))
        self.stack.callback(shutil.rmtree, self.outer, ignore_errors=True)
        self.folder = self.outer / "run"
        self.cwd = cwd or self.folder
        try:
            self._note(self.outer, self.outer.parent.stat())
            self.outer.chmod(0o711)
            self.folder.mkdir(0o700)
            if self.user is not None:
                os.chown(self.folder, self.user.uid, self.user.gid, follow_symlinks=False)
        except OSError:
            self.stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stack.close()

    def entry(self, name: str, default: str) -> Entry:
        """The file that an adapter names, or one in the folder of the run.

        The folder is resolved, and the file is not: whoever opens it follows no link.

        Raises:
            ProgramNotPermittedError: It is nowhere where it may be.
        """
        if not name:
            return Entry(self.folder / default, self.user)
        given = self.cwd / name
        places = (*self.permits, self.folder)
        permitted(given, places)
        path = real(given.parent) / given.name
        if not any(path.is_relative_to(place) for place in places):
            raise refuse_folder(path)
        return Entry(path, self.user)

    def make_file(self, entry: Entry, *, keeps: bool = False) -> int:
        """Make a new file for the program; its descriptor, for writing. It is removed at the end.

        Args:
            entry: Where.
            keeps: Whether one that is there already is used, and stays.

        Raises:
            OSError: It is there already, or it cannot be made.
        """
        folder = self._open_folder(entry)
        try:
            with entry.errors_name_it():
                descriptor = os.open(entry.path.name, NEW | SAFELY, 0o600, dir_fd=folder)
        except FileExistsError:
            if not keeps:
                raise
            return open_file(entry, os.O_WRONLY | os.O_APPEND)
        self._is_made(folder, entry)
        try:
            give(descriptor, self.user)
        except OSError:
            os.close(descriptor)
            raise
        return descriptor

    def make_fifo(self, entry: Entry) -> None:
        """Make a named pipe, which is removed at the end.

        Raises:
            OSError: It is there already, or it cannot be made.
        """
        folder = self._open_folder(entry)
        with entry.errors_name_it():
            os.mkfifo(entry.path.name, 0o600, dir_fd=folder)
        self._is_made(folder, entry)
        descriptor = open_fifo(entry, os.O_RDONLY)
        try:
            give(descriptor, self.user)
        finally:
            os.close(descriptor)

    def _open_folder(self, entry: Entry) -> int:
        folder = entry.open_folder()
        self.stack.callback(os.close, folder)
        return folder

    def _is_made(self, folder: int, entry: Entry) -> None:
        self._note(entry.path, os.fstat(folder))
        self.stack.callback(_remove, folder, entry.path.name)

    def _note(self, path: Path, folder: os.stat_result) -> None:
        self.made.append((str(path), folder.st_dev, folder.st_ino))


def _remove(folder: int, name: str) -> None:
    with suppress(FileNotFoundError):
        os.unlink(name, dir_fd=folder)
