"""The folders that hold a project's processes, their tasks and their validations.

    process/
        registry.py             optional: MODULE_REGISTRY, PROCESS_REGISTRY
        tasks/<module>/<task>.py
        processes/*.yml
        validation/*.py

Where they are says the setting DJACTION_PROCESS_FOLDERS; without it, `process/` in BASE_DIR and in each installed app.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from django.apps import apps
from django.conf import settings

from actions.conf import conf
from actions.exceptions import ConfigurationError

NAME = "process"
SETTING = "DJACTION_PROCESS_FOLDERS"


@dataclass(frozen=True, slots=True)
class Folder:
    """One folder with processes."""

    path: Path
    package: str
    """The dotted name that its modules are imported by; "" where Python would not find them."""

    @property
    def tasks(self) -> Path:
        """Where its task modules are."""
        return self.path / "tasks"

    @property
    def processes(self) -> Path:
        """Where its YAML files are."""
        return self.path / "processes"

    @property
    def validations(self) -> Path:
        """Where its functions for the payload are."""
        return self.path / "validation"

    def registry(self) -> ModuleType | None:
        """Its `registry.py`, imported; None where there is none. Whatever that raises is raised."""
        return self.load("registry") if (self.path / "registry.py").is_file() else None

    def load(self, name: str) -> ModuleType:
        """Import one of its modules.

        Args:
            name: From the folder on: "tasks.foo.bar".

        Raises:
            ConfigurationError: Python does not find the folder, or finds another one by its name.
        """
        if not self.package:
            raise ConfigurationError(
                f"{self.path} is below no folder that Python imports from. Move it below BASE_DIR or into an app, or "
                "add its parent to PYTHONPATH."
            )
        module = import_module(f"{self.package}.{name}")
        file = Path(getattr(module, "__file__", None) or "")
        if not file.resolve().is_relative_to(self.path.resolve()):
            raise ConfigurationError(
                f'"{self.package}.{name}" is {file}, not a module in {self.path}. Rename one of the two folders.'
            )
        return module


def process_folders() -> list[Folder]:
    """Every folder that there is, each once, the project's own first.

    Raises:
        ConfigurationError: The setting names one that there is not.
    """
    found = _named() if conf.PROCESS_FOLDERS is not None else _default()
    by_path = {folder.path.resolve(): folder for folder in reversed(list(found))}
    return list(reversed(by_path.values()))


def project_folder() -> Folder | None:
    """`process/` in BASE_DIR, whether or not it exists; None for a project without BASE_DIR."""
    base = base_dir()
    return Folder(base / NAME, package_of(base / NAME) or NAME) if base is not None else None


def base_dir() -> Path | None:
    """The setting BASE_DIR, which every project has that `startproject` made."""
    base = getattr(settings, "BASE_DIR", None)
    return Path(base) if base else None


def package_of(path: Path) -> str:
    """The dotted name that Python imports a folder by; "" where it would not find it."""
    path = path.resolve()
    roots = {Path(entry).resolve(): "" for entry in sys.path}
    roots |= {Path(app.path).resolve(): app.name for app in apps.get_app_configs()}
    fitting = [root for root, name in roots.items() if path.is_relative_to(root) and (name or path != root)]
    if not fitting:
        return ""
    root = max(fitting, key=lambda each: len(each.parts))
    name = roots[root]
    parts = [*([name] if name else []), *path.relative_to(root).parts]
    return ".".join(parts) if all(map(str.isidentifier, ".".join(parts).split("."))) else ""


def _default() -> Iterator[Folder]:
    project = project_folder()
    if project is not None and project.path.is_dir():
        yield project
    for app in apps.get_app_configs():
        path = Path(app.path) / NAME
        if path.is_dir():
            yield Folder(path, f"{app.name}.{NAME}")


def _named() -> Iterator[Folder]:
    """Those of the setting: folders, taken from BASE_DIR on, or packages."""
    entries: Any = conf.PROCESS_FOLDERS
    if not isinstance(entries, list | tuple) or not all(isinstance(entry, str | Path) for entry in entries):
        raise ConfigurationError(f'{SETTING} is {entries!r}. Set it to a list: ["process", "shop.process"].')
    for entry in entries:
        path = (base_dir() or Path()) / entry
        if path.is_dir():
            yield Folder(path, package_of(path))
        else:
            yield _package(str(entry))


def _package(name: str) -> Folder:
    try:
        spec = find_spec(name)
    except (ImportError, ValueError):
        spec = None
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    if not places:
        raise ConfigurationError(f'{SETTING} has "{name}", which is neither a folder below BASE_DIR nor a package.')
    return Folder(Path(places[0]), name)
