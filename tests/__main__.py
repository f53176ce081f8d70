"""Run all tests on SQLite, and those that depend on the database again on every server that answers.

    python -m tests [--only NAME] [arguments of pytest]

TEST_DATABASE_URLS names servers at other than their standard addresses; REQUIRE_SERVICES=1 makes a missing one a
failure.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from platform import python_version

import django

from . import WITHOUT_DATABASE
from .databases import SQLITE, STANDARD, Target, commits_at_ease, targets, version

NOTHING_SELECTED = 5
"""pytest's exit status where it ran no test."""


def main() -> int:
    """Run pytest once for each database, then say what ran where. The exit status is 0 when all passed."""
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("--only", choices=[SQLITE, *STANDARD], help="run on this database only")
    options, arguments = parser.parse_known_args()
    answering, report, missing = [], {}, False
    for target in targets(os.environ):
        if options.only and target.name != options.only:
            continue
        try:
            report[target] = f"{target.name} {version(target)}"
            answering.append(target)
        except OSError as error:
            is_missed = target.is_required or bool(options.only)
            missing |= is_missed
            word = "missing" if is_missed else "skipped"
            report[target] = f"{target.name}: {word}, nothing usable at {target.address}: {error}"
    print(f"Python {python_version()}, Django {django.__version__}", *report.values(), sep="\n", flush=True)
    if missing:
        print("A database that is required does not answer; no test was run.", flush=True)
        return 1
    environ = _environ(Path(sys.prefix) / "bytecode")
    statuses = {target: _run(target, arguments, environ, is_first=target is answering[0]) for target in answering}
    print("\n" + "\n".join(f"{line}{_verdict(statuses.get(target))}" for target, line in report.items()), flush=True)
    return _summary(list(statuses.values()))


def _environ(folder: Path) -> dict[str, str]:
    """The variables that pytest gets, and every program that a test starts.

    Where no bytecode may be written beside the source, it is written elsewhere, and kept for the next run: each of
    hundreds of processes would compile all of this again.
    """
    environ = {key: value for key, value in os.environ.items() if key != "TEST_RUN"}
    if environ.pop("PYTHONDONTWRITEBYTECODE", ""):
        environ.setdefault("PYTHONPYCACHEPREFIX", str(folder))
    return environ


def _run(target: Target, arguments: list[str], environ: dict[str, str], *, is_first: bool) -> int:
    """Exit status of pytest on one database."""
    print(f"\n{target.name}", flush=True)
    choice = [] if is_first else ["-m", "not once", *(f"--ignore={folder}" for folder in WITHOUT_DATABASE)]
    command = [sys.executable, "-m", "pytest", *choice, *_parallel(arguments), *arguments]
    with commits_at_ease(target):
        process = subprocess.Popen(command, env={**environ, "TEST_DATABASE_URL": target.url})
        try:
            return process.wait()
        except KeyboardInterrupt:
            # pytest has got the same Ctrl-C and removes its databases.
            process.wait()
            raise


def _parallel(arguments: list[str]) -> list[str]:
    """All processors for the whole suite; one for a choice of it, which starts faster and may use a debugger."""
    # In the order of their folders: the longest files come first, and no processor waits for another one's last.
    return [] if arguments else ["--numprocesses=auto", "--dist=loadfile", "--no-loadscope-reorder"]


def _verdict(status: int | None) -> str:
    if status is None:
        return ""
    return {0: ": passed", NOTHING_SELECTED: ": no test selected"}.get(status, ": FAILED")


def _summary(statuses: list[int]) -> int:
    """Failed where one failed, or where nothing was run at all."""
    failed = [status for status in statuses if status not in (0, NOTHING_SELECTED)]
    if failed:
        return failed[0]
    return 0 if 0 in statuses else NOTHING_SELECTED


if __name__ == "__main__":
    sys.exit(main())
