"""Finds the processes of a project: the YAML files of its process folders, by `PROCESS_REGISTRY` or all of them.

    load()              tasks, then processes: when Django starts, and again when files have changed
    load_processes()    only processes

A file that is wrong becomes a problem of the registry, and the others load. Nothing asks the database.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps import apps
from django.forms import Form, ModelForm
from django.utils.module_loading import import_string
from rest_framework.serializers import BaseSerializer

from actions.conf import conf
from actions.django_payloads import FormPayload, SerializerPayload
from actions.exceptions import ConfigurationError, DefinitionError, DefinitionProblem
from actions.payloads import Payload, PydanticPayload, is_pydantic_model
from actions.registry import catalogue

from . import naming
from .authoring.names import NamedTask
from .authoring.source import did_you_mean
from .authoring.validations import Validation
from .authoring.yaml_builder import Named
from .authoring.yaml_document import STYLE, Compiled, compile_yaml
from .folders import SETTING, Folder, base_dir, process_folders
from .people_filters import is_secret, wrong_look_up
from .registry import processes
from .task_discovery import load_tasks
from .tasks import tasks
from .validation import BUILTIN, find_custom, near

logger = logging.getLogger(__name__)

REGISTRY = "PROCESS_REGISTRY"
SUFFIXES = (".yml", ".yaml")
_named: dict[str, tuple[Named, ...]] = {}
"""By file, the actions and processes that it names."""


@dataclass(frozen=True, slots=True)
class ProcessFile:
    """A file with a process, and where it belongs."""

    path: Path
    folder: Folder | None = None
    process_id: str = ""
    """As PROCESS_REGISTRY says; "" for the one that is made of the name."""

    @property
    def shown(self) -> str:
        """The file as messages call it."""
        base = base_dir()
        path = self.path.resolve()
        return str(path.relative_to(base.resolve())) if base and path.is_relative_to(base.resolve()) else str(self.path)


class ProjectNames:
    """What files may name: the registered tasks, the validations of folders, and forms by their paths."""

    def __init__(self, folders: Sequence[Folder]) -> None:
        self._folders = folders

    def task(self, name: str) -> NamedTask | None:
        """See `Names`."""
        return tasks.get(name)

    def near_tasks(self, name: str) -> Sequence[str]:
        """See `Names`."""
        return tasks.near(name)

    def validation(self, name: str) -> Validation | None:
        """See `Names`. The package's own go before a project's."""
        return BUILTIN.get(name.removeprefix("validation.")) or find_custom(name, self._folders)

    def near_validations(self, name: str) -> Sequence[str]:
        """See `Names`."""
        return near(name, self._folders)

    def app_labels(self) -> Collection[str]:
        """See `Names`."""
        return [config.label for config in apps.get_app_configs()]

    def wrong_look_up(self, kind: str, name: str, value: Any) -> tuple[str, str] | None:
        """See `Names`. Who writes a file need not be who may read every column of the users."""
        if is_secret(name):
            return f'"{name}" looks for a secret.', "Look for something else: a group, a permission, another field."
        return wrong_look_up(kind, name, value)

    def form(self, path: str) -> Payload:
        """See `Names`."""
        found = import_string(path)
        if is_pydantic_model(found):
            return PydanticPayload(found)
        if isinstance(found, type) and issubclass(found, Form | ModelForm):
            return FormPayload(found)
        if isinstance(found, type) and issubclass(found, BaseSerializer):
            return SerializerPayload(found)
        raise TypeError(f"it is {found!r}, no form, serializer or pydantic model")


def load() -> None:
    """Load tasks and processes.

    Raises:
        DefinitionError: Something is wrong with any of them, and the project is strict; all problems together.
    """
    load_tasks()
    load_processes()


def load_processes() -> None:
    """Register the process of every file, and forget those whose files are gone or wrong.

    Raises:
        DefinitionError: Something is wrong with a task or a process, and the project is strict.
    """
    before = set(processes.problems)
    processes.forget_problems()
    found = [(file, _compile(file)) for file in process_files()]
    _named.clear()
    right = {(file.shown, made.process.id) for file, made in found if made.process is not None}
    for known in processes.declared():
        if known.style == STYLE and (known.source, known.id) not in right:
            processes.remove(known.id)
    for file, compiled in found:
        _register(file, compiled)
    problems = [*tasks.problems, *processes.problems]
    if conf.stops_start and problems:
        raise DefinitionError(problems)
    catalogue.log([problem for problem in problems if problem not in before])


def process_files() -> list[ProcessFile]:
    """Every file that is to be a process; what is wrong with folders and registries is reported."""
    return [file for folder in _folders() for file in _files(folder)]


def compile_file(path: Path, *, folders: Sequence[Folder] | None = None) -> Compiled:
    """One file, wherever it is, compiled and not registered."""
    return _compile(ProcessFile(path), folders)


def named_problems(named: Iterable[Named] | None = None) -> list[DefinitionProblem]:
    """What is wrong with the use of actions and processes. Asks for URLs and all front-ends to be loaded.

    There is none of that name, it does not take these arguments, or nothing says which object an action is done to.

    Args:
        named: What a file names; None: what all registered ones do.
    """
    every = [each for of_file in _named.values() for each in of_file] if named is None else list(named)
    return naming.problems(every)


def _compile(file: ProcessFile, folders: Sequence[Folder] | None = None) -> Compiled:
    try:
        text = file.path.read_bytes()
    except OSError as error:
        problem = DefinitionProblem(file.shown, (), f"cannot be read: {error.strerror}.", "Give a file.")
        return Compiled(None, (problem,))
    names = ProjectNames(_folders() if folders is None else folders)
    return compile_yaml(text, file=file.shown, names=names, process_id=file.process_id)


def _register(file: ProcessFile, compiled: Compiled) -> None:
    processes.report(compiled.problems)
    if compiled.process is None:
        return
    try:
        processes.register(compiled.process)
    except ConfigurationError as error:
        processes.report([DefinitionProblem(file.shown, ("name",), str(error))])
        return
    _named[file.shown] = compiled.named


def _folders() -> list[Folder]:
    try:
        return process_folders()
    except ConfigurationError as error:
        processes.report([DefinitionProblem("settings", (SETTING,), str(error))])
        return []


def _files(folder: Folder) -> Iterator[ProcessFile]:
    """The files of a folder: those of PROCESS_REGISTRY, all of them where there is none."""
    there = sorted(path for path in folder.processes.glob("*") if path.suffix in SUFFIXES)
    file = folder.path / "registry.py"
    try:
        registry = folder.registry()
        listed = getattr(registry, REGISTRY, None)
    except Exception as error:  # noqa: BLE001 - whatever the project's file raises
        message = f"cannot be imported: {type(error).__name__}: {error}."
        processes.report([DefinitionProblem(str(file), (), message, "Correct it.")])
        return
    if listed is None:
        yield from (ProcessFile(path, folder) for path in there)
        return
    if not isinstance(listed, Mapping):
        remedy = 'Write ids and files: {"hello-world": "HelloWorld"}.'
        processes.report([DefinitionProblem(str(file), (REGISTRY,), f"{listed!r} is no mapping.", remedy)])
        return
    for process_id, name in listed.items():
        if (path := _listed_file(there, str(name))) is not None:
            yield ProcessFile(path, folder, str(process_id))
        else:
            remedy = did_you_mean(str(name), [path.stem for path in there], f"Write {folder.processes}/{name}.yml.")
            message = f'there is no file for "{name}".'
            processes.report([DefinitionProblem(str(file), (REGISTRY, str(process_id)), message, remedy)])


def _listed_file(there: Iterable[Path], name: str) -> Path | None:
    """The file that an entry means: by its name, with or without the suffix."""
    return next((path for path in there if name in (path.stem, path.name)), None)
