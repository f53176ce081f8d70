"""What a statement writes to, told by its text, and what a savepoint takes out again."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from psycopg import sql

from actions.writes import WriteLog, text_of, written_by


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('INSERT INTO "a" ("x") VALUES (%s)', ("insert", "a")),
        ("insert into public.a values (1)", ("insert", "a")),
        ('INSERT INTO "public"."a" VALUES (1)', ("insert", "a")),
        ("INSERT IGNORE INTO `a` VALUES (1)", ("insert", "a")),
        ("INSERT OR IGNORE INTO a VALUES (1)", ("insert", "a")),
        ("REPLACE INTO a VALUES (1)", ("insert", "a")),
        ('UPDATE "a" SET x = 1', ("update", "a")),
        ("  \n UPDATE ONLY a SET x = 1", ("update", "a")),
        ("/* who */ -- why\nUPDATE a SET x = 1", ("update", "a")),
        ('DELETE FROM "a" WHERE x = 1', ("delete", "a")),
        ("DELETE `a` FROM `a` INNER JOIN `b`", ("delete", "a")),
        ("TRUNCATE a", ("other", "?")),
        ("CREATE TABLE a (x int)", ("other", "?")),
        ("CALL do_it()", ("other", "?")),
        ("WITH b AS (SELECT 1) UPDATE a SET x = 1", ("other", "?")),
        ("WITH b AS (DELETE FROM a RETURNING *) SELECT * FROM b", ("other", "?")),
        ("MERGE INTO a USING b ON true", ("other", "?")),
    ],
)
def test_a_statement_that_writes_says_what_to(statement: str, expected: tuple[str, str]) -> None:
    assert written_by(statement) == expected


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 1",
        "(SELECT 1) UNION (SELECT 2)",
        "/* who */ SELECT 1",
        "-- who\nselect 1",
        "WITH a AS (SELECT 1) SELECT * FROM a",
        "WITH a AS (SELECT 1) SELECT * FROM a FOR UPDATE",
        "SAVEPOINT x",
        "ROLLBACK TO SAVEPOINT x",
        "SET LOCAL lock_timeout = 1",
        "PRAGMA foreign_keys",
        "DECLARE c CURSOR FOR SELECT 1",
        "LOCK TABLE a",
        "",
        "-- nothing",
    ],
)
def test_a_statement_that_reads_writes_nothing(statement: str) -> None:
    assert written_by(statement) is None


@pytest.mark.parametrize(
    "statement", [b"UPDATE a SET x = 1", sql.SQL("UPDATE {} SET x = 1").format(sql.Identifier("a"))]
)
def test_a_statement_that_is_no_text_is_read_as_one(statement: Any) -> None:
    assert written_by(text_of(statement, Mock(cursor=None))) == ("update", "a")


def run(log: WriteLog, statement: str, rowcount: int | None = None, params: Any = (), *, many: bool = False) -> None:
    log(lambda *arguments: None, statement, params, many, {"cursor": Mock(rowcount=rowcount)})


@pytest.mark.parametrize(
    ("statement", "rowcount", "params", "many", "expected"),
    [
        ("UPDATE a SET x = 1", 3, (), False, {("update", "a"): 3}),
        ("UPDATE a SET x = 1", 0, (), False, {}),
        ("INSERT INTO a (x, y) VALUES (%s, %s)", 1, (1, 2), False, {("insert", "a"): 1}),
        ("INSERT INTO a (x, y) VALUES (%s, NOW()), (%s, NOW()) RETURNING id", 0, (1, 2), False, {("insert", "a"): 2}),
        ("INSERT OR IGNORE INTO a (x) VALUES (%s)", 0, (1,), False, {}),
        ("INSERT INTO a (x) VALUES (%s)", -1, [(1,), (2,), (3,)], True, {("insert", "a"): 3}),
        ("DELETE FROM a", -1, None, False, {("delete", "a"): 1}),
        ("TRUNCATE a", 0, None, False, {("other", "?"): 1}),
        ("TRUNCATE a", -1, None, False, {("other", "?"): 1}),
        ('INSERT INTO "actions_eventaction" (x) VALUES (%s)', 1, (1,), False, {}),
    ],
)
def test_rows_are_counted_by_the_driver_else_by_the_statement(
    statement: str, rowcount: int, params: Any, many: bool, expected: dict[tuple[str, str], int]
) -> None:
    log = WriteLog()
    run(log, statement, rowcount, params, many=many)

    assert log.rows == expected
    assert log.total == sum(expected.values())


def test_a_statement_that_fails_writes_nothing() -> None:
    log = WriteLog()
    with pytest.raises(ZeroDivisionError):
        log(lambda *arguments: 1 / 0, "UPDATE a SET x = 1", (), False, {"cursor": Mock(rowcount=1)})

    assert log.rows == {}


def test_what_is_rolled_back_to_a_savepoint_was_not_written() -> None:
    log, taken_back = WriteLog(), []
    log.note(taken_back.append, "outside")
    run(log, "UPDATE a SET x = 1", 1)
    run(log, 'SAVEPOINT "s1"')
    run(log, "UPDATE a SET x = 1", 1)
    log.note(taken_back.append, "first")
    run(log, 'SAVEPOINT "s2"')
    run(log, "DELETE FROM b", 2)
    log.note(taken_back.append, "second")
    run(log, 'RELEASE SAVEPOINT "s2"')
    assert log.rows == {("update", "a"): 2, ("delete", "b"): 2}

    run(log, 'ROLLBACK TO SAVEPOINT "s1"')
    run(log, 'RELEASE SAVEPOINT "s1"')
    assert log.rows == {("update", "a"): 1}
    assert taken_back == ["second", "first"]
    assert log.journal == []


def test_a_savepoint_from_before_it_looked_is_none_of_its_business() -> None:
    log = WriteLog()
    run(log, "UPDATE a SET x = 1", 1)
    run(log, 'ROLLBACK TO SAVEPOINT "older"')

    assert log.rows == {("update", "a"): 1}
