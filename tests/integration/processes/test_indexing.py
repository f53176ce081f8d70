"""What of tables and indexes depends on the database."""

from __future__ import annotations

import pytest
from django.db import connection

from actions.processes.models import Run, StepRun

pytestmark = pytest.mark.django_db

SPARSE = ("actions_run_due", "actions_run_root", "actions_run_message", "actions_run_actor")


def test_every_database_has_all_of_the_indexes_of_runs() -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, Run._meta.db_table)
    assert set(SPARSE) <= {name for name, facts in found.items() if facts["index"]}


@pytest.mark.skipif(connection.vendor == "mysql", reason="It has no partial indexes.")
def test_rows_with_null_are_left_out_of_them_where_that_can_be() -> None:
    table = "sqlite_master" if connection.vendor == "sqlite" else "pg_indexes"
    name, text = ("name", "sql") if connection.vendor == "sqlite" else ("indexname", "indexdef")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {name}, {text} FROM {table} WHERE {name} LIKE 'actions_run_%%'", [])  # noqa: S608
        found = dict(cursor.fetchall())
    assert all("IS NOT NULL" in found[each] for each in SPARSE)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's planner.")
@pytest.mark.parametrize(
    ("condition", "index"),
    [
        ("queue = 'default' AND due_at <= '2026'", "actions_run_due"),
        ("root_id IN (1, 2)", "actions_run_root"),
        ("wait_key = 'paid'", "actions_run_message"),
        ("actor_id = '7' ORDER BY id", "actions_run_actor"),
    ],
)
def test_what_is_asked_is_found_by_them(condition: str, index: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN SELECT id FROM {Run._meta.db_table} WHERE {condition}", [])  # noqa: S608
        assert index in str(cursor.fetchall())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's way to make keys.")
def test_sqlite_keeps_no_book_about_the_keys_of_steps() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        tables = dict(cursor.fetchall())
    assert "AUTOINCREMENT" not in tables[StepRun._meta.db_table]
    assert "AUTOINCREMENT" in tables[Run._meta.db_table]
