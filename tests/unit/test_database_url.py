"""DATABASE_URL of the example project."""

from __future__ import annotations

import pytest

from example_app.database import database_from_url


@pytest.mark.parametrize(
    ("url", "name"),
    [("sqlite:///todos.db", "todos.db"), ("sqlite:////srv/todos.db", "/srv/todos.db"), ("sqlite://", ":memory:")],
)
def test_sqlite_takes_a_file_or_none(url, name):
    assert database_from_url(url)["NAME"] == name


def test_sqlite_takes_its_write_lock_when_a_transaction_begins():
    assert database_from_url("sqlite:///todos.db")["OPTIONS"]["transaction_mode"] == "IMMEDIATE"


def test_a_server_has_user_password_host_port_and_options():
    assert database_from_url("postgres://me:p%40ss@db:5433/todos?sslmode=require") == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "todos",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db",
        "PORT": "5433",
        "OPTIONS": {"sslmode": "require"},
    }


@pytest.mark.parametrize("scheme", ["mysql", "mariadb"])
def test_mysql_and_mariadb_are_one_engine(scheme):
    assert database_from_url(f"{scheme}://root@127.0.0.1/todos")["ENGINE"] == "django.db.backends.mysql"


@pytest.mark.parametrize("url", ["oracle://db/todos", "todos.db", ""])
def test_what_is_unknown_is_an_error_that_names_what_is_known(url):
    with pytest.raises(ValueError, match="postgres"):
        database_from_url(url)
