"""`manage.py processes`: a folder of files and the stored definitions, kept in step."""

from __future__ import annotations

import json
import os
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError

from actions.process_registry import services
from actions.process_registry.models import DefinitionVersion, ProcessDefinition
from actions.processes.registry import processes

from .test_stored_processes import HELLO

pytestmark = pytest.mark.django_db

TR = {"exec": "/usr/bin/tr", "argv": ["a-z", "A-Z"]}


def run(*arguments: Any) -> str:
    out = StringIO()
    call_command("processes", *map(str, arguments), stdout=out)
    return out.getvalue()


def wrong(*arguments: Any) -> str:
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("processes", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "greet.yml").write_text(HELLO)
    (tmp_path / "programs").mkdir()
    (tmp_path / "programs" / "tr.json").write_text(json.dumps(TR))
    (tmp_path / ".hidden.yml").write_text("nonsense: [")
    (tmp_path / "README.txt").write_text("no definition")
    return tmp_path


def files() -> dict[str | None, int]:
    return {row.file: row.version for row in ProcessDefinition.objects.present()}


def test_files_become_definitions_and_a_second_time_nothing_is_done(folder: Path, alice: User) -> None:
    said = run("sync", folder, "--owner", "alice", "--shared", "--note", "from the repository")
    assert "2 done, 0 unchanged." in said
    assert files() == {"greet.yml": 1, "programs/tr.json": 1}
    row = ProcessDefinition.objects.get(file="greet.yml")
    assert (row.owner_id, row.is_shared, row.text) == (str(alice.pk), True, HELLO)
    assert DefinitionVersion.objects.filter(note="from the repository").count() == 2
    assert "0 done, 2 unchanged." in run("sync", folder)
    assert processes.get("greet-somebody") is not None


def test_what_has_changed_becomes_a_version(folder: Path) -> None:
    run("sync", folder)
    (folder / "greet.yml").write_text(HELLO.replace("Hello", "Good morning"))
    assert "changed    greet.yml" in run("sync", folder)
    assert files() == {"greet.yml": 2, "programs/tr.json": 1}


def test_a_trial_says_what_would_be_done(folder: Path) -> None:
    assert "new        greet.yml" in run("sync", folder, "--dry-run")
    assert not ProcessDefinition.objects.exists()
    assert processes.get("greet-somebody") is None


def test_what_is_gone_is_deleted_where_that_is_said(folder: Path) -> None:
    run("sync", folder)
    other = services.create(services.check({"exec": "/by/hand"}))
    (folder / "programs" / "tr.json").unlink()
    assert files() == {"greet.yml": 1, "programs/tr.json": 1, None: 1}
    run("sync", folder)
    assert len(files()) == 3
    assert "deleted    programs/tr.json" in run("sync", folder, "--delete")
    assert files() == {"greet.yml": 1, None: other.version}


def test_one_bad_file_does_not_stop_the_others(folder: Path) -> None:
    (folder / "a_broken.json").write_text('{"exec": 5, "argv": "x"}')
    (folder / "b_broken.json").write_text("{\n  nonsense")
    (folder / "c_broken.yml").write_text("name: Broken\ntasks:\n  - task: io.say_helo\n")
    (folder / "d_broken.yml").write_bytes(b"\xff\xfe")
    (folder / "e_taken.yml").write_text("name: HelloWorld\ntasks: [{task: io.say_hello}]\n")
    said = wrong("sync", folder)
    assert files() == {"greet.yml": 1, "programs/tr.json": 1}
    assert "a_broken.json: argv" in said
    assert "a_broken.json: exec" in said
    assert "b_broken.json:2:3" in said
    assert "c_broken.yml:3:" in said
    assert "d_broken.yml" in said
    assert "e_taken.yml" in said


def test_a_path_that_no_definition_could_keep_does_not_stop_the_others(folder: Path) -> None:
    (folder / os.fsdecode(b"a\xff.json")).write_text(json.dumps(TR))
    long = folder / ("d" * 200) / ("e" * 100)
    long.mkdir(parents=True)
    (long / "a.json").write_text(json.dumps(TR))
    said = wrong("sync", folder, "--delete")
    assert "a\\udcff.json: its path has to be UTF-8, and no longer than 255 characters." in said
    assert f"{long.relative_to(folder)}/a.json: its path" in said
    assert files() == {"greet.yml": 1, "programs/tr.json": 1}


def test_a_process_may_name_one_whose_file_comes_later(folder: Path) -> None:
    step = "{process: greet-somebody, args: {who: Ada}}"
    (folder / "a_first.yml").write_text(f"name: First\ntasks:\n  - {step}\n")
    assert "3 done" in run("sync", folder, "--dry-run")
    assert "3 done" in run("sync", folder)
    (folder / "z_first.yml").write_text("name: Lost\ntasks: [{process: nowhere}]\n")
    assert "nowhere" in wrong("sync", folder)


def test_a_file_with_another_name_keeps_its_process(folder: Path) -> None:
    run("sync", folder)
    (folder / "greet.yml").rename(folder / "greeting.yml")
    run("sync", folder, "--delete")
    assert files() == {"greeting.yml": 1, "programs/tr.json": 1}


def test_a_file_that_says_the_same_as_another_one_is_refused(folder: Path) -> None:
    (folder / "greet_again.yml").write_text(HELLO)
    assert "greet_again.yml" in wrong("sync", folder)
    assert files() == {"greet.yml": 1, "programs/tr.json": 1}


def test_what_is_stored_is_written_to_files_and_comes_back_unchanged(tmp_path: Path) -> None:
    services.create(services.check(text=HELLO))
    row = services.create(services.check(TR))
    assert "2 done, 0 unchanged." in run("export", tmp_path)
    assert (tmp_path / "greet-somebody.yml").read_text() == HELLO
    assert json.loads((tmp_path / f"tr-{row.pk}.json").read_text()) == TR
    assert "0 done, 2 unchanged." in run("sync", tmp_path, "--delete")
    assert "0 done, 2 unchanged." in run("export", tmp_path)
    services.replace(row, services.check(text="exec: /usr/bin/tr\n"))
    run("export", tmp_path)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["greet-somebody.yml", f"tr-{row.pk}.yml"]
    assert "0 done, 2 unchanged." in run("sync", tmp_path, "--delete")


def test_what_is_said_wrongly_is_refused(tmp_path: Path) -> None:
    wrong("sync", tmp_path / "nowhere")
    wrong("sync", tmp_path, "--owner", "nobody")
    wrong("export", tmp_path / "nowhere")


@pytest.mark.parametrize("file", ["../out.json", "/elsewhere/out.json"])
def test_nothing_is_written_outside_of_the_folder(tmp_path: Path, file: str) -> None:
    folder = tmp_path / "inner"
    folder.mkdir()
    services.create(services.check(TR), file=file)
    assert "leads out of the folder" in wrong("export", folder)
    assert not (tmp_path / "out.json").exists()
