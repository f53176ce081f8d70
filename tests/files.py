"""Packages on disk, for tests of what reads and writes their files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module, invalidate_caches
from itertools import count
from pathlib import Path
from textwrap import dedent
from types import ModuleType
from unittest.mock import patch
from weakref import WeakSet

from actions.registry import catalogue

_numbers = count(1)


def write_files(folder: Path, files: Mapping[str, str]) -> None:
    """Write texts, indented as they may be, under their paths below `folder`."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).removeprefix("\n"), encoding="utf-8")


@dataclass(frozen=True)
class ScratchPackage:
    """A package that can be imported for as long as a test runs."""

    root: Path
    """The folder that it is imported from."""
    name: str

    @property
    def folder(self) -> Path:
        """The package's own folder."""
        return self.root / self.name

    def write(self, files: Mapping[str, str]) -> None:
        """Write files below the package's folder; `{package}` in a text is its name."""
        write_files(self.folder, {path: text.replace("{package}", self.name) for path, text in files.items()})
        invalidate_caches()

    def load(self, module: str) -> ModuleType:
        """Import a module of the package."""
        return import_module(f"{self.name}.{module}")

    def forget(self) -> None:
        """Have its modules imported anew, as by another process; models can be registered only once."""
        for name in [name for name in sys.modules if name.partition(".")[0] == self.name]:
            if not name.endswith(".models"):
                del sys.modules[name]


@contextmanager
def scratch_package(root: Path) -> Iterator[ScratchPackage]:
    """A new package below `root`, with a catalogue of its own registries only."""
    package = ScratchPackage(root, f"scratch_{next(_numbers)}")
    package.write({"__init__.py": ""})
    empty = patch.multiple(catalogue, _registries=WeakSet(), _obstacles=[])
    with empty, patch.object(sys, "path", [str(root), *sys.path]), patch.object(sys, "dont_write_bytecode", True):
        yield package
    package.forget()
