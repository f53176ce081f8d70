"""Files and named pipes where programs may write, too.

What a program may write to, it may move away and replace by a link, at any moment. So nothing is opened by its whole
path: a file is reached folder by folder, and no link is followed. What was opened is looked at, and not its name;
nothing is changed before that look.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from .permits import User

FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
SAFELY = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class Entry:
    """A name in a folder, perhaps of something that is still to be made."""

    path: Path
    """A full one: of its folder without links, as it was when the settings were asked about it."""
    user: User | None
    """As whom the program runs."""

    @contextmanager
    def errors_name_it(self) -> Iterator[None]:
        """Have errors tell the whole path."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self.path)) from error

    def open_folder(self) -> int:
        """The descriptor of its folder.

        Raises:
            OSError: A folder on the way is not there, or is a link by now.
        """
        with self.errors_name_it():
            folder = os.open("/", FOLDER)
            for name in self.path.parent.parts[1:]:
                try:
                    inner = os.open(name, FOLDER, dir_fd=folder)
                finally:
                    os.close(folder)
                folder = inner
            return folder

    def open(self, flags: int) -> int:
        """Open whatever it is, without waiting; its descriptor, which nobody has looked at.

        Raises:
            OSError: It is not there, or it is a link.
        """
        folder = self.open_folder()
        try:
            with self.errors_name_it():
                return os.open(self.path.name, flags | SAFELY, 0o600, dir_fd=folder)
        finally:
            os.close(folder)


def open_file(entry: Entry, flags: int) -> int:
    """Open a regular file or a device; its descriptor. One that is to be emptied is emptied last.

    Raises:
        OSError: It is not there, or it is no file.
    """
    descriptor = entry.open(flags & ~os.O_TRUNC)
    _look_at(descriptor, entry, lambda mode: stat.S_ISREG(mode) or stat.S_ISCHR(mode), _("it is no file"))
    if flags & os.O_TRUNC and stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.ftruncate(descriptor, 0)
    return descriptor


def open_fifo(entry: Entry, flags: int) -> int:
    """Open a named pipe that we have made, without waiting for the other side.

    Raises:
        OSError: ENXIO where nobody reads yet; EINVAL where it is no pipe any more.
    """
    descriptor = entry.open(flags)
    _look_at(descriptor, entry, stat.S_ISFIFO, _("it is no pipe"))
    return descriptor


def _look_at(descriptor: int, entry: Entry, is_right: Callable[[int], bool], otherwise: str) -> None:
    """Close what is not what it should be.

    A file of somebody else's that has another name besides may have been given this one by the program.
    """
    found, user = os.fstat(descriptor), entry.user
    is_foreign = user is not None and found.st_nlink > 1 and found.st_uid != user.uid
    if is_right(found.st_mode) and not is_foreign:
        return
    os.close(descriptor)
    if is_foreign:
        raise OSError(errno.EPERM, _("it is another user's, and has another name besides"), str(entry.path))
    raise OSError(errno.EINVAL, otherwise, str(entry.path))


def give(descriptor: int, user: User | None) -> None:
    """Have what was just made belong to the program."""
    if user is not None:
        os.fchown(descriptor, user.uid, user.gid)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write to a file, which takes all of it or fails.

    Raises:
        OSError: Such as ENOSPC, where the disk is full.
    """
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
