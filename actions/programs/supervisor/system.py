"""What the supervisor asks of the system: limits, a network of its own, and who has been started by whom."""

from __future__ import annotations

import ctypes
import fcntl
import os
import resource
import shutil
import signal
import socket
import stat
import struct
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 36, 38
CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
SIOCSIFFLAGS, IFF_UP = 0x8914, 1
LIMITS = {
    "cpu": resource.RLIMIT_CPU,
    "memory": resource.RLIMIT_AS,
    "processes": resource.RLIMIT_NPROC,
    "file_size": resource.RLIMIT_FSIZE,
    "open_files": resource.RLIMIT_NOFILE,
}
IS_LINUX = sys.platform == "linux"

libc = ctypes.CDLL(None, use_errno=True)


def inherit_orphans() -> None:
    """Become the parent of whatever outlives its own among the descendants."""
    if IS_LINUX:
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def confine(limits: Mapping[str, float | None]) -> None:
    """In the child, before the program begins: no more rights than it has, and no more than the limits."""
    if IS_LINUX:
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    for name, wanted in limits.items():
        if wanted is not None:
            hard = resource.getrlimit(LIMITS[name])[1]
            soft = int(wanted) if hard == resource.RLIM_INFINITY else min(int(wanted), hard)
            # A second more of CPU: SIGXCPU at the soft limit says why, SIGKILL at the hard one would not.
            resource.setrlimit(LIMITS[name], (soft, soft + 1 if name == "cpu" and soft != hard else soft))


def own_network() -> bool:
    """Leave the machine's network for one that has only a loopback; False where the system does not let us."""
    if not IS_LINUX:
        return False
    uid, gid = os.geteuid(), os.getegid()
    if libc.unshare(CLONE_NEWNET if uid == 0 else CLONE_NEWUSER | CLONE_NEWNET):
        return False
    if uid != 0:
        Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        fcntl.ioctl(asked, SIOCSIFFLAGS, struct.pack("16sH14s", b"lo", IFF_UP, b""))
    return True


def descendants() -> set[int]:
    """All processes that this one has started, those that they have started, and so on."""
    if not IS_LINUX:
        return set()
    children: dict[int, list[int]] = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                line = Path(entry.path, "stat").read_text(errors="replace")
                parent = int(line[line.rindex(")") + 2 :].split()[1])
                children.setdefault(parent, []).append(int(entry.name))
    found: set[int] = set()
    waiting = [os.getpid()]
    while waiting:
        new = children.get(waiting.pop(), [])
        found.update(new)
        waiting += new
    return found


def let_streams_go() -> None:
    """Keep nobody waiting for the end of streams that are the program's alone."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)


def send_group(leader: int, number: int) -> None:
    """Send a signal to a process group, if it is still there."""
    with suppress(OSError):
        os.killpg(leader, number)


def send(pids: Iterable[int], number: int) -> None:
    """Send a signal to those that are still there."""
    for pid in pids:
        with suppress(OSError):
            os.kill(pid, number)


def remove(found: Iterable[tuple[str, int, int]]) -> None:
    """Remove files and whole folders.

    Args:
        found: Each path, and the device and the number of the folder that it was made in. Where another folder stands
            by that name now, which the program may have brought about, nothing is removed.
    """
    for name, device, number in found:
        with suppress(OSError):
            folder = os.open(Path(name).parent, getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                facts = os.fstat(folder)
                if (facts.st_dev, facts.st_ino) == (device, number):
                    _remove_in(folder, Path(name).name)
            finally:
                os.close(folder)


def _remove_in(folder: int, name: str) -> None:
    if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
        shutil.rmtree(name, ignore_errors=True, dir_fd=folder)
    else:
        os.unlink(name, dir_fd=folder)
