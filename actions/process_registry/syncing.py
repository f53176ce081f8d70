"""Keeps stored definitions and a folder of files in step, so that definitions can live in a repository.

A file is tied to its definition by its path from the folder on. What is not tied yet is by the id of its process.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.db import router, transaction

from actions.exceptions import ActionError, DefinitionProblem
from actions.processes.authoring.yaml_document import slug

from . import services
from .checking import Draft
from .exceptions import InvalidDefinitionError
from .models import ProcessDefinition
from .stored import stored

JSON, YAML = (".json",), (".yml", ".yaml")
MAX_PATH = 255
"""Characters; see the column."""
NEW, CHANGED, UNCHANGED, DELETED, WRITTEN = "new", "changed", "unchanged", "deleted", "written"


@dataclass(slots=True)
class Report:
    """What was done, and what is wrong."""

    done: list[tuple[str, str, int | None]] = field(default_factory=list)
    """(what, file, number of the definition)."""
    problems: list[DefinitionProblem] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Options:
    """How files become definitions."""

    owner: Any = None
    """Of new ones, and the author of versions."""
    is_shared: bool = False
    """Whether new ones are."""
    deletes: bool = False
    """Whether definitions go whose files are gone."""
    note: str = ""


def sync(folder: Path, options: Options, *, is_trial: bool = False) -> Report:
    """Store what the files of a folder say. A file that is wrong does not keep the others from it.

    Args:
        folder: The folder.
        options: How.
        is_trial: Whether all of it is rolled back.
    """
    if not is_trial:
        return _sync(folder, options)
    try:
        with transaction.atomic(using=router.db_for_write(ProcessDefinition)):
            report = _sync(folder, options)
            transaction.set_rollback(True, using=router.db_for_write(ProcessDefinition))
    finally:
        stored.look_again()
    return report


def _sync(folder: Path, options: Options) -> Report:
    report = Report()
    files = _named(folder, report)
    waiting, problems = dict(files), {}
    while waiting:
        # A process may name another one whose file comes later: again, as long as something has become right.
        problems = {name: _store(name, path, files, options, report) for name, path in waiting.items()}
        rest = {name: path for name, path in waiting.items() if problems[name]}
        if len(rest) == len(waiting):
            break
        waiting = rest
    report.problems += [problem for found in problems.values() for problem in found]
    if options.deletes:
        gone = ProcessDefinition.objects.present().filter(file__isnull=False).exclude(file__in=list(files))
        for row in gone:
            report.done.append((DELETED, str(row.file), row.pk))
            services.delete(row)
    return report


def _named(folder: Path, report: Report) -> dict[str, Path]:
    """The files by their paths from the folder on, as far as a definition can keep those."""
    files: dict[str, Path] = {}
    for path in _files(folder):
        name = path.relative_to(folder).as_posix()
        # Bytes that are no UTF-8 are halves of characters here.
        shown = name.encode(errors="backslashreplace").decode()
        if shown == name and len(name) <= MAX_PATH:
            files[name] = path
        else:
            message = f"its path has to be UTF-8, and no longer than {MAX_PATH} characters."
            report.problems.append(DefinitionProblem(shown, (), message))
    return files


def _store(name: str, path: Path, files: dict[str, Path], options: Options, report: Report) -> list[DefinitionProblem]:
    """Store one file; what is wrong with it."""
    try:
        draft = _read(path)
        row = _tied(name, draft, files)
        if row is None:
            made = services.create(
                draft, owner=options.owner, is_shared=options.is_shared, note=options.note, file=name
            )
            report.done.append((NEW, name, made.pk))
            return []
        made = services.replace(row, draft, author=options.owner, note=options.note)
        ProcessDefinition.objects.filter(pk=row.pk).exclude(file=name).update(file=name)
        report.done.append((UNCHANGED if made.version == row.version else CHANGED, name, row.pk))
    except InvalidDefinitionError as error:
        return [replace(each, file=name) for each in error.problems]
    except ActionError as error:
        return [DefinitionProblem(name, (), error.detail)]
    return []


def _tied(name: str, draft: Draft, files: dict[str, Path]) -> ProcessDefinition | None:
    """The definition of a file: its own, or the process of that id which no other file has."""
    rows = ProcessDefinition.objects.present()
    found = rows.filter(file=name).first()
    if found is None and draft.process_id is not None:
        found = rows.filter(process_id=draft.process_id).first()
        found = None if found is not None and found.file in files else found
    return found


def _read(path: Path) -> Draft:
    """The definition of a file.

    Raises:
        InvalidDefinitionError: It cannot be read, or is wrong.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if path.suffix in YAML:
            return services.check(text=text)
        return services.check(json.loads(text))
    except json.JSONDecodeError as error:
        problem = DefinitionProblem("", (), f"is no JSON: {error.msg}.", line=error.lineno, column=error.colno)
        raise InvalidDefinitionError([problem]) from error
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidDefinitionError([DefinitionProblem("", (), f"cannot be read: {error}.")]) from error


def _files(folder: Path) -> Iterator[Path]:
    """Its files and those of folders in it, but nothing hidden."""
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix in (*JSON, *YAML) and not is_hidden and path.is_file():
            yield path


def export(folder: Path) -> Report:
    """Write every definition to its file, and tie those to one that have none.

    Raises:
        OSError: A file cannot be written.
    """
    report = Report()
    rows = list(ProcessDefinition.objects.present().order_by("pk"))
    taken = {row.file for row in rows}
    for row in rows:
        name = _file_of(row, lambda made: made in taken)
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            report.problems.append(DefinitionProblem(name, (), "leads out of the folder."))
            continue
        if row.file != name:
            if row.file is not None:
                # It is written in another format now: the old file would become a definition of its own.
                (folder / row.file).unlink(missing_ok=True)
            ProcessDefinition.objects.filter(pk=row.pk).update(file=name)
            taken.add(name)
        report.done.append((_write(path, row), name, row.pk))
    return report


def _file_of(row: ProcessDefinition, is_taken: Callable[[str], bool]) -> str:
    """The file that a definition has, or the one that it gets; its ending says what it is written in."""
    endings = YAML if row.text else JSON
    if row.file is not None:
        path = Path(row.file)
        return row.file if path.suffix in endings else path.with_suffix(endings[0]).as_posix()
    name = f"{row.process_id}{endings[0]}"
    if row.process_id is None or is_taken(name):
        name = f"{slug(row.name) or row.kind}-{row.pk}{endings[0]}"
    return name


def _write(path: Path, row: ProcessDefinition) -> str:
    content = row.text or json.dumps(row.definition, indent=2, ensure_ascii=True) + "\n"
    data = content.encode()
    if path.is_file() and path.read_bytes() == data:
        return UNCHANGED
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return WRITTEN
