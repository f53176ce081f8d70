"""The files of a new task."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from importlib.resources import files
from keyword import iskeyword
from pathlib import Path
from string import Template

from django.core.management.base import CommandError

from actions.processes.task_discovery import REGISTRY

LONGEST = 35
"""Characters of a name: with it, the generated code fits into lines of 88."""
_NAME = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN = {"conftest": "pytest's own file", "task": "the decorator of tasks"}


@dataclass(frozen=True, slots=True)
class NewTask:
    """What was asked for."""

    folder: Path
    """The process folder."""
    module: str
    name: str

    @property
    def package(self) -> Path:
        """The module's folder."""
        return self.folder / "tasks" / self.module

    @property
    def init(self) -> Path:
        """The module's own file."""
        return self.package / "__init__.py"

    @property
    def registry(self) -> Path:
        """Where the modules that may be used are listed, if they are."""
        return self.folder / "registry.py"

    def files(self) -> dict[Path, str]:
        """The text of every file that is to be written, packages on the way to it included."""
        above = [self.folder, self.folder / "tasks"]
        missing = {path / "__init__.py": "" for path in above if not (path / "__init__.py").exists()}
        if not self.init.exists():
            missing[self.init] = self._text("__init__.py")
        return {
            **missing,
            self.package / f"{self.name}.py": self._text("task.py"),
            self.package / f"test_{self.name}.py": self._text("test_task.py"),
        }

    def import_hint(self) -> str:
        """The line that the module's own file lacks, "" where it has it or is written anew."""
        line = f"from .{self.name} import {self.name}"
        if not self.init.exists() or line in self.init.read_text(encoding="utf-8"):
            return ""
        return line

    def is_exposed(self) -> bool:
        """Whether processes may use it: MODULE_REGISTRY names its module, or there is none.

        Raises:
            CommandError: The file is no Python.
        """
        if not self.registry.is_file():
            return True
        try:
            tree = ast.parse(self.registry.read_text(encoding="utf-8"), str(self.registry))
        except SyntaxError as error:
            raise CommandError(f"{self.registry} cannot be read: {error}. Correct it first.") from error
        listed = [each.value for each in tree.body if isinstance(each, ast.Assign | ast.AnnAssign) and _is_list(each)]
        if not listed:
            return True
        parts = [part for value in listed if value is not None for part in ast.walk(value)]
        names = [part.id for part in parts if isinstance(part, ast.Name)]
        names += [part.attr for part in parts if isinstance(part, ast.Attribute)]
        names += [str(part.value).rpartition(".")[2] for part in parts if isinstance(part, ast.Constant)]
        return self.module in names

    def _text(self, template: str) -> str:
        text = files(__package__).joinpath("templates", f"{template}-tpl").read_text(encoding="utf-8")
        sentence = f"{self.name.replace('_', ' ').strip().capitalize()}."
        return Template(text).substitute(module=self.module, task=self.name, sentence=sentence)


def check_name(name: str, kind: str) -> str:
    """A name of a module or a task.

    Raises:
        CommandError: It cannot be one.
    """
    if not _NAME.fullmatch(name):
        near = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name), flags=re.ASCII).strip("_").lower()
        remedy = f'Write "{near}".' if _NAME.fullmatch(near) else 'Write it as in "send_mail".'
        raise CommandError(f'The {kind} "{name}" is not in lower case letters, digits and "_". {remedy}')
    if iskeyword(name):
        raise CommandError(f'The {kind} "{name}" is a word of Python\'s own. Choose another, as "{name}_it".')
    if name.startswith("test_") or name == "test":
        raise CommandError(f'The {kind} "{name}" would be taken for a test. Choose another, without "test" before it.')
    if name in _TAKEN:
        raise CommandError(f'The {kind} "{name}" is {_TAKEN[name]}. Choose another.')
    if len(name) > LONGEST:
        raise CommandError(f'The {kind} "{name}" has {len(name)} characters. Choose one of at most {LONGEST}.')
    return name


def _is_list(statement: ast.Assign | ast.AnnAssign) -> bool:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    return any(isinstance(target, ast.Name) and target.id == REGISTRY for target in targets)
