"""Shuts a program in with bubblewrap, where it is installed.

It sees the system's folders and what the settings permit, read-only, its own folders, and none of the project: neither
its settings nor other processes. Network and limits are the supervisor's business, with and without a sandbox.
"""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from django.utils.translation import gettext as _

from actions.conf import conf

from .exceptions import ProgramNotPermittedError
from .permits import User, real

logger = logging.getLogger(__name__)

SYSTEM = (
    *("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store"),
    *("/etc/alternatives", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/localtime"),
    *("/etc/passwd", "/etc/group", "/etc/nsswitch.conf", "/etc/hosts", "/etc/resolv.conf", "/etc/ssl", "/etc/pki"),
    *("/etc/ca-certificates", "/etc/fonts", "/etc/magic", "/etc/mime.types"),
)
"""What programs need to find their libraries, names and certificates. Nothing that is secret."""
ISOLATION = ("--unshare-pid", "--unshare-ipc", "--unshare-cgroup-try", "--die-with-parent")
PROBE_SECONDS = 10


def sandboxed(command: list[str], *, cwd: Path, writable: Iterable[Path], user: User | None) -> list[str] | None:
    """The command in a sandbox; None: without one.

    Args:
        command: The resolved executable and its arguments.
        cwd: Where it works.
        writable: Folders and files besides, that it may write to.
        user: As whom it runs.

    Raises:
        ProgramNotPermittedError: The setting asks for a sandbox that there is not.
    """
    wanted = conf.PROGRAM_SANDBOX
    if wanted == "none":
        return None
    program = shutil.which("bwrap")
    if program is None or not _works(program, user):
        if wanted == "bubblewrap":
            text = _("DJACTION_PROGRAM_SANDBOX asks for bubblewrap, and it is not installed, or does not work here.")
            raise ProgramNotPermittedError(text)
        return None
    mounts: list[str] = []
    for folder in SYSTEM:
        mounts += ["--ro-bind-try", folder, folder]
    mounts += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108 - its own, which nobody shares
    own = {real(path): "--ro-bind-try" for path in conf.PROGRAMS} | dict.fromkeys(writable, "--bind")
    # From the top down: what is mounted later hides what is below it.
    for path in sorted(own, key=lambda path: len(path.parts)):
        mounts += [own[path], str(path), str(path)]
    return [program, *mounts, *ISOLATION, "--chdir", str(cwd), "--", *command]


@lru_cache(maxsize=8)
def _works(program: str, user: User | None) -> bool:
    """Whether the system lets it; asked once in each process."""
    bound = [argument for folder in SYSTEM for argument in ("--ro-bind-try", folder, folder)]
    command = [program, *bound, "--proc", "/proc", "--dev", "/dev", *ISOLATION, "--", "/bin/true"]
    identity = {} if user is None else {"user": user.uid, "group": user.gid, "extra_groups": user.groups}
    try:
        found = subprocess.run(command, capture_output=True, timeout=PROBE_SECONDS, check=False, **identity)  # type: ignore[call-overload]
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("bubblewrap does not work here, programs run without it: %s", error)
        return False
    if found.returncode:
        logger.warning(
            "bubblewrap does not work here, programs run without it: %s", found.stderr.decode(errors="replace")
        )
    return bool(found.returncode == 0)
