"""Measure and print a table; with BENCH_JSON=FILE write a list of `{name, ratio, limit}` there, too.

    python -m bench

The exit status is 1 where a figure is over its limit.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path

import django


@dataclass(frozen=True)
class Line:
    """A figure and what it may be at the most."""

    name: str
    ratio: float
    limit: float

    @property
    def is_kept(self) -> bool:
        return self.ratio <= self.limit


def main() -> int:
    """Measure everything."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "bench.settings"
    django.setup()
    _fill()
    lines = [*_calls(), *_preview(), *_many(), *_memory(), *_startup(), *_deliveries(), *_processes()]
    print("\nfigure".ljust(78), "measured", "  limit")
    for line in lines:
        print(f"{line.name:77} {line.ratio:8.2f} {line.limit:7.2f}{'' if line.is_kept else '  OVER'}")
    if file := os.environ.get("BENCH_JSON"):
        rows = [{"name": line.name, "ratio": round(line.ratio, 4), "limit": line.limit} for line in lines]
        Path(file).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    return 0 if all(line.is_kept for line in lines) else 1


def _fill() -> None:
    from django.contrib.auth.models import User
    from django.core.management import call_command

    from example_app.models import Todo, TodoList

    from .callers import EverybodyIsAlice

    call_command("migrate", verbosity=0)
    EverybodyIsAlice.alice = User.objects.create_user("alice")
    todo_list = TodoList.objects.create(name="Bench", owner=EverybodyIsAlice.alice)
    Todo.objects.create(title="Todo", list=todo_list, owner=EverybodyIsAlice.alice)


def _calls() -> list[Line]:
    from .calls import LIMIT, PAIRS, measure, ratio

    results = measure()
    print("a call".ljust(40), "CPU µs", "  statements")
    for result in results.values():
        print(f"({result.way.key}) {result.way.title:35} {result.microseconds:7.0f} {result.statements:10}")
    lines = []
    for of, to in PAIRS:
        lines.append(Line(f"({of}) {results[of].way.title} / ({to}): CPU time", ratio(results[of], results[to]), LIMIT))
        statements = results[of].statements / results[to].statements
        lines.append(Line(f"({of}) {results[of].way.title} / ({to}): statements", statements, 1))
    return lines


def _preview() -> list[Line]:
    from .previews import CALL, LIMIT, PREVIEW, measure

    seconds = measure()
    print(f"({PREVIEW.key}) {PREVIEW.title:35} {seconds[PREVIEW.key] * 1e6:7.0f}")
    return [
        Line(f"({PREVIEW.key}) a preview / ({CALL.key}): CPU time", seconds[PREVIEW.key] / seconds[CALL.key], LIMIT)
    ]


def _many() -> list[Line]:
    from .many import LIMIT, PAIRS, measure

    results = measure()
    for key, (title, seconds) in results.items():
        print(f"({key}) {title:41} {seconds * 1e3:7.0f} ms")
    return [
        Line(f"({of}) {results[of][0]} / ({to}): CPU time", results[of][1] / results[to][1], LIMIT) for of, to in PAIRS
    ]


def _memory() -> list[Line]:
    from .memory import FEW, MANY, measure

    peaks = measure()
    return [Line(f"bulk action: peak memory, {MANY:,} objects / {FEW:,}", peaks[MANY] / peaks[FEW], 1.10)]


def _startup() -> list[Line]:
    from .startup import measure

    figure = measure()
    return [Line(f"{figure['name']}, seconds", figure["value_seconds"], figure["limit"])]


def _deliveries() -> list[Line]:
    from .deliveries import measure

    figure = measure()
    return [Line(f"{figure['name']}: median time, {figure['database']}", figure["value"], figure["limit"])]


def _processes() -> list[Line]:
    from .processes import measure

    lines = []
    for measured in measure():
        names = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
        database = names[measured["database"]]
        print(f"\nprocesses on {database}, a second".ljust(61), "  steps")
        for title, rate in measured["rates"].items():
            print(f"{title:60} {rate:8.0f}")
        lines += [Line(f"{database}: {name}", value, limit) for name, value, limit in measured["figures"]]
    return lines


if __name__ == "__main__":
    sys.exit(main())
