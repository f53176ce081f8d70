"""What the settings allow: which executables, in which folders, as whom.

All paths are resolved before they are compared, and the resolved one is used: no link and no ".." leads out of what a
setting names. There is no shell, and nothing is looked for along a PATH.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from actions.conf import conf

from .exceptions import ProgramNotPermittedError

PATH = "/usr/local/bin:/usr/bin:/bin"
"""For what a program itself starts; the program is not looked for there."""


@dataclass(frozen=True, slots=True)
class User:
    """As whom a program runs."""

    uid: int
    gid: int
    groups: tuple[int, ...]


def executable(name: str) -> Path:
    """The file that `exec` means.

    Raises:
        ProgramNotPermittedError: No setting names it, or it is no executable.
    """
    path = Path(name)
    if not path.is_absolute():
        raise _refused(_('"%(path)s" is no full path of an executable. Nothing is looked for along a PATH.'), name)
    resolved = real(path)
    if not is_inside(resolved, conf.PROGRAMS):
        text = _('No setting permits "%(path)s". If it may be run, add it to DJACTION_PROGRAMS.')
        raise _refused(text, resolved)
    if not resolved.is_file():
        raise _refused(_('There is no executable "%(path)s" on this machine.'), resolved)
    if not os.access(resolved, os.X_OK):
        raise _refused(_('"%(path)s" may not be executed.'), resolved)
    return resolved


def working_folder(name: str) -> Path:
    """The folder that `cwd` means.

    Raises:
        ProgramNotPermittedError: No setting names it, or there is none.
    """
    path = Path(name)
    if not path.is_absolute():
        raise _refused(_('"%(path)s" is no full path of a folder.'), name)
    resolved = permitted(path, folders())
    if not resolved.is_dir():
        raise _refused(_('There is no folder "%(path)s" on this machine.'), resolved)
    return resolved


def folders() -> tuple[Path, ...]:
    """The folders of the setting, resolved. Whoever needs them more than once asks before a program begins."""
    return tuple(map(real, conf.PROGRAM_FOLDERS))


def permitted(path: Path, permits: Iterable[Path]) -> Path:
    """A path, resolved.

    Args:
        path: As it is meant.
        permits: Where it may be, resolved.

    Raises:
        ProgramNotPermittedError: It is elsewhere.
    """
    if ".." in path.parts:
        raise _refused(_('"%(path)s" leads out of its folder by "..". Name the file itself.'), path)
    resolved = real(path)
    if not any(resolved.is_relative_to(permit) for permit in permits):
        raise refuse_folder(resolved)
    return resolved


def refuse_folder(path: Path) -> ProgramNotPermittedError:
    """What is said of a path that is in none of the folders of the setting."""
    text = _('No setting permits "%(path)s". If programs may work there, add it to DJACTION_PROGRAM_FOLDERS.')
    return _refused(text, path)


def real(path: str | Path) -> Path:
    """Without links; of links in a circle what can be had. `Path.resolve` raises RuntimeError before Python 3.13."""
    return Path(os.path.realpath(path))


def is_inside(resolved: Path, permits: Iterable[str | Path]) -> bool:
    """Whether a resolved path is one of those, or in one."""
    return any(resolved.is_relative_to(real(permit)) for permit in permits)


def check_search_path(value: str) -> None:
    """Look at what a definition gives as PATH: a permitted script would run what it finds there.

    Raises:
        ProgramNotPermittedError: No setting names one of the folders.
    """
    for folder in value.split(":"):
        if folder not in PATH.split(":") and not (
            Path(folder).is_absolute() and is_inside(real(folder), conf.PROGRAMS)
        ):
            text = _(
                'No setting permits "%(path)s" in PATH. If programs may be run from there, add it to DJACTION_PROGRAMS.'
            )
            raise _refused(text, folder)


def user() -> User | None:
    """As whom programs are run; None: as the worker.

    Raises:
        ProgramNotPermittedError: The worker is root, and nothing says that programs may be; or it cannot change.
    """
    if os.name != "posix" or not {os.open, os.unlink, os.mkfifo} <= os.supports_dir_fd:
        raise ProgramNotPermittedError(_("Programs are run on Linux and other POSIX systems only."))
    import pwd

    name = conf.PROGRAM_USER
    if not name:
        if os.geteuid() == 0:
            text = _("The worker is root. Say as whom programs are run: set DJACTION_PROGRAM_USER.")
            raise ProgramNotPermittedError(text)
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        text = _('DJACTION_PROGRAM_USER is "%(name)s", and this machine has no such user.')
        raise ProgramNotPermittedError(text % {"name": name}) from None
    if entry.pw_uid == os.geteuid():
        return None
    if os.geteuid() != 0:
        text = _('DJACTION_PROGRAM_USER is "%(name)s", and only a worker that is root can run programs as others.')
        raise ProgramNotPermittedError(text % {"name": name})
    return User(entry.pw_uid, entry.pw_gid, tuple(os.getgrouplist(name, entry.pw_gid)))


def _refused(text: str, path: str | Path) -> ProgramNotPermittedError:
    return ProgramNotPermittedError(text % {"path": path})
