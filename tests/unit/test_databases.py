"""Which databases the tests run on."""

from __future__ import annotations

import socket
from pathlib import Path

import pymysql
import pytest

from tests.__main__ import _environ as environ_of_a_run
from tests.databases import STANDARD, Target, commits_at_ease, targets, version


@pytest.fixture
def closed_port():
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_by_default_sqlite_is_required_and_servers_at_their_standard_addresses_are_not():
    found = targets({})
    assert [target.name for target in found] == ["SQLite", "PostgreSQL", "MariaDB"]
    assert [target.is_required for target in found] == [True, False, False]
    assert [target.url for target in found[1:]] == list(STANDARD.values())


def test_services_can_be_required():
    assert all(target.is_required for target in targets({"REQUIRE_SERVICES": "1"}))


def test_a_server_that_is_named_replaces_the_standard_one_and_is_required():
    url = "postgres://me:secret@db.example.com/postgres"
    _, postgres, mariadb = targets({"TEST_DATABASE_URLS": url})
    assert postgres == Target("PostgreSQL", url, is_required=True)
    assert mariadb.url == STANDARD["MariaDB"]
    assert not mariadb.is_required


def test_urls_may_be_parted_by_commas_or_blanks():
    urls = {"TEST_DATABASE_URLS": "mysql://a@b/,  postgres://c@d/e"}
    assert [target.url for target in targets(urls)[1:]] == ["postgres://c@d/e", "mysql://a@b/"]


@pytest.mark.parametrize("url", ["sqlite:///here.db", "oracle://somewhere"])
def test_what_is_no_server_is_an_error(url):
    with pytest.raises(ValueError, match=url.partition(":")[0]):
        targets({"TEST_DATABASE_URLS": url})


def test_a_password_is_not_shown():
    assert Target("MariaDB", "mysql://me:secret@host:3306/").address == "mysql://me:…@host:3306/"


@pytest.mark.parametrize(("name", "scheme"), [("PostgreSQL", "postgres"), ("MariaDB", "mysql")])
def test_a_server_that_does_not_answer_is_an_error_with_its_reason(name, scheme, closed_port):
    with pytest.raises(OSError, match=r"(?i)refused"):
        version(Target(name, f"{scheme}://me@127.0.0.1:{closed_port}/postgres"))


class Server:
    """A MariaDB that says what it is asked, as far as `commits_at_ease` asks it."""

    def __init__(self, *, is_ours: bool) -> None:
        self.is_ours = is_ours
        self.value = 1

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def cursor(self):
        return self

    def execute(self, sql, params=()):
        if sql.startswith("SET"):
            if not self.is_ours:
                raise pymysql.OperationalError(1227, "Access denied; you need (at least one of) the SUPER privilege(s)")
            (self.value,) = params

    def fetchone(self):
        return (self.value,)


@pytest.mark.parametrize(("is_ours", "meanwhile"), [(True, 0), (False, 1)])
def test_mariadb_commits_at_ease_where_we_may_say_so_and_as_before_afterwards(is_ours, meanwhile, monkeypatch):
    server = Server(is_ours=is_ours)
    monkeypatch.setattr("tests.databases._to_mariadb", lambda settings: server)
    with commits_at_ease(Target("MariaDB", STANDARD["MariaDB"])):
        assert server.value == meanwhile
    assert server.value == 1


def test_no_other_database_is_told_how_to_commit(monkeypatch):
    monkeypatch.delattr("tests.databases._to_mariadb")
    with commits_at_ease(targets({})[0]) as nothing:
        assert nothing is None


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {}),
        ({"PYTHONDONTWRITEBYTECODE": "1"}, {"PYTHONPYCACHEPREFIX": "folder"}),
        ({"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "own"}, {"PYTHONPYCACHEPREFIX": "own"}),
    ],
)
def test_what_is_compiled_is_kept_for_the_processes_of_a_run_but_not_beside_the_source(
    given: dict[str, str], expected: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    for name in ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    found = environ_of_a_run(Path("folder"))
    assert {name: value for name, value in found.items() if name.startswith(("PYTHONDONT", "PYTHONPYC"))} == expected
