"""A bare prototype of a durable process of five steps: what the database allows, for the engine to be compared with.

No more than plain SQL: one row says where a run is, until when it is nobody else's (`due`), and how often it has
changed hands (`fence`). A step that is over changes that row, if the fence is still the same, and adds a row of its
own; on PostgreSQL in one statement, for one run or for many. There are no definitions, conditions, errors, retries or
renewals.
"""

# ruff: noqa: S608 - the names of tables are this program's own

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from django.db import connection, transaction

STEPS = 5
BRANCHES = 10
LEASE_SECONDS = 60
RUN, STEP = "bench_ceiling_run", "bench_ceiling_step"

Position = tuple[int, int, int, dict[str, Any]]
"""Key, fence, steps that are over, state."""

MOVE = f"UPDATE {RUN} SET node = %s, state = %s, due = CASE WHEN %s THEN NULL ELSE due END WHERE id = %s AND fence = %s"
NOTE = f"INSERT INTO {STEP} (run, node, at) VALUES (%s, %s, %s)"
MOVE_AND_NOTE = f"WITH m AS ({MOVE} RETURNING id, node) INSERT INTO {STEP} (run, node, at) SELECT id, node, %s FROM m"
MOVE_AND_NOTE_MANY = f"""
WITH v AS (SELECT * FROM unnest(%s::bigint[], %s::int[], %s::int[], %s::boolean[], %s::jsonb[])
    AS v(id, fence, node, has_ended, state)),
m AS (UPDATE {RUN} r SET node = v.node, state = v.state, due = CASE WHEN v.has_ended THEN NULL ELSE r.due END
    FROM v WHERE r.id = v.id AND r.fence = v.fence RETURNING r.id, r.node)
INSERT INTO {STEP} (run, node, at) SELECT id, node, %s FROM m
"""
MOVED = MOVE_AND_NOTE_MANY.partition("INSERT")[0]
END_BRANCHES = f"""{MOVED}, n AS (INSERT INTO {STEP} (run, node, at) SELECT id, node, %s FROM m)
UPDATE {RUN} SET left_open = left_open - (SELECT count(*) FROM m) WHERE id = %s
"""
SPLIT = f"""
WITH p AS (UPDATE {RUN} SET left_open = %s WHERE id = %s RETURNING id)
INSERT INTO {RUN} (due, state, parent) SELECT %s, '{{}}', p.id FROM p, generate_series(1, %s) RETURNING id
"""
SPLIT_ELSEWHERE = f"""
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)
INSERT INTO {RUN} (due, state, parent) SELECT %s, '{{}}', %s FROM n RETURNING id
"""


def make_tables() -> None:
    """Make both tables anew."""
    is_postgres = connection.vendor == "postgresql"
    key = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY" if is_postgres else "integer PRIMARY KEY"
    document, room = ("jsonb", " WITH (fillfactor = 70)") if is_postgres else ("text", "")
    columns = "node integer NOT NULL DEFAULT 0, fence integer NOT NULL DEFAULT 0, due double precision"
    family = "parent bigint, left_open integer NOT NULL DEFAULT 0"
    with connection.cursor() as cursor:
        drop_tables()
        cursor.execute(f"CREATE TABLE {RUN} (id {key}, {columns}, state {document} NOT NULL, {family}){room}")
        cursor.execute(f"CREATE INDEX {RUN}_due ON {RUN} (due) WHERE due IS NOT NULL")
        step = "run bigint NOT NULL, node integer NOT NULL, at double precision NOT NULL"
        cursor.execute(f"CREATE TABLE {STEP} (id {key}, {step})")


def drop_tables() -> None:
    """Leave nothing behind."""
    with connection.cursor() as cursor:
        for table in (STEP, RUN):
            cursor.execute(f"DROP TABLE IF EXISTS {table}")


def seed(count: int, due_in: float = 0) -> None:
    """Have so many runs wait, and no others."""
    with connection.cursor() as cursor:
        for table in (STEP, RUN):
            cursor.execute(f"TRUNCATE {table}" if connection.vendor == "postgresql" else f"DELETE FROM {table}")
        numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
        cursor.execute(
            f"{numbers} INSERT INTO {RUN} (due, state) SELECT %s, '{{}}' FROM n", [count, time.time() + due_in]
        )
        cursor.execute(f"ANALYZE {RUN}")


def run_inline() -> int:
    """One run from its start to its end, with a commit for each step; how many steps it was."""
    return _inline(_Checkpoint())


def run_inline_in_one_commit() -> int:
    """One run from its start to its end, with a commit when it is over."""
    with transaction.atomic():
        return _inline(_Checkpoint(is_begun=True))


def _inline(checkpoint: _Checkpoint) -> int:
    position = _start()
    for _number in range(STEPS):
        position = _step(position)
        checkpoint([position], last=STEPS)
    return STEPS


def run_split(*, is_together: bool) -> int:
    """One run that is split into ten branches and joined; the branches are written together, or one by one."""
    checkpoint, last = _Checkpoint(), 2
    position = _step(_start())
    checkpoint([position], last=last)
    branches = _split(position[0])
    for written in [branches] if is_together else [[branch] for branch in branches]:
        _end_branches(position[0], [_step(each) for each in written])
    checkpoint([_step(position)], last=last)
    return BRANCHES + 2


def work(batch: int) -> int:
    """Take runs that are due, so many at once, each step of all of them with one commit; how many steps it was."""
    checkpoint, count = _Checkpoint(), 0
    while held := claim(batch):
        for _number in range(STEPS):
            held = [_step(each) for each in held]
            checkpoint(held, last=STEPS)
            count += len(held)
    return count


def claim(batch: int) -> list[Position]:
    """Take runs that are due."""
    now, lock = time.time(), " FOR UPDATE SKIP LOCKED" if connection.vendor == "postgresql" else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {RUN} SET due = %s, fence = fence + 1 WHERE id IN "
            f"(SELECT id FROM {RUN} WHERE due <= %s ORDER BY due LIMIT %s{lock}) RETURNING id, fence, node, state",
            [now + LEASE_SECONDS, now, batch],
        )
        return [(key, fence, node, json.loads(state)) for key, fence, node, state in cursor.fetchall()]


def _start() -> Position:
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {RUN} (due, state) VALUES (%s, '{{}}') RETURNING id", [time.time() + LEASE_SECONDS]
        )
        return cursor.fetchone()[0], 0, 0, {}


def _step(position: Position) -> Position:
    key, fence, node, state = position
    return key, fence, node + 1, {"x": state.get("x", 0) + 1}


def _split(parent: int) -> list[Position]:
    """Begin the branches, and have the run wait for them."""
    until = time.time() + LEASE_SECONDS
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(SPLIT, [BRANCHES, parent, until, BRANCHES])
            return [(key, 0, 0, {}) for (key,) in cursor.fetchall()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE {RUN} SET left_open = %s WHERE id = %s", [BRANCHES, parent])
        cursor.execute(SPLIT_ELSEWHERE, [BRANCHES, until, parent])
        return [(key, 0, 0, {}) for (key,) in cursor.fetchall()]


def _end_branches(parent: int, branches: list[Position]) -> None:
    """Write branches that have ended, and count them at their parent."""
    if connection.vendor == "postgresql":
        keys, fences, nodes, states = map(list, zip(*branches, strict=True))
        ends = [True] * len(branches)
        with connection.cursor() as cursor:
            texts = [json.dumps(state) for state in states]
            cursor.execute(END_BRANCHES, [keys, fences, nodes, ends, texts, time.time(), parent])
        return
    with transaction.atomic(), connection.cursor() as cursor:
        _Checkpoint(is_begun=True)(branches, last=1)
        cursor.execute(f"UPDATE {RUN} SET left_open = left_open - %s WHERE id = %s", [len(branches), parent])


class _Checkpoint:
    """Writes where runs are, and that each has done a step: one commit."""

    def __init__(self, *, is_begun: bool = False) -> None:
        self._is_begun = is_begun

    def __call__(self, positions: Iterable[Position], *, last: int) -> None:
        now = time.time()
        rows = [(node, json.dumps(state), node == last, key, fence) for key, fence, node, state in positions]
        with connection.cursor() as cursor:
            if connection.vendor != "postgresql":
                self._write_one_by_one(cursor, rows, now)
            elif len(rows) == 1:
                cursor.execute(MOVE_AND_NOTE, [*rows[0], now])
            else:
                nodes, states, ends, keys, fences = map(list, zip(*rows, strict=True))
                cursor.execute(MOVE_AND_NOTE_MANY, [keys, fences, nodes, ends, states, now])

    def _write_one_by_one(self, cursor: Any, rows: list[tuple[int, str, bool, int, int]], now: float) -> None:
        if not self._is_begun:
            cursor.execute("BEGIN IMMEDIATE")
        cursor.executemany(MOVE, rows)
        cursor.executemany(NOTE, [(key, node, now) for node, _state, _ends, key, _fence in rows])
        if not self._is_begun:
            cursor.execute("COMMIT")
