"""What the tests of a task say of it: their names as sentences. The files are read, never imported."""

from __future__ import annotations

import ast
from pathlib import Path

PREFIX = "test_"


def tests_of(file: Path) -> Path:
    """Where the tests of a task are: `test_bar.py` beside `bar.py`."""
    return file.with_name(f"{PREFIX}{file.name}")


def behaviours_of(file: Path) -> tuple[str, ...]:
    """The names of the test functions and methods in a file, in its order: "it returns a result".

    Raises:
        SyntaxError: The file is no Python.
    """
    if not file.is_file():
        return ()
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    bodies = [tree.body, *(each.body for each in tree.body if isinstance(each, ast.ClassDef))]
    functions = [each for body in bodies for each in body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    ordered = sorted(functions, key=lambda each: each.lineno)
    names = [each.name.removeprefix(PREFIX) for each in ordered if each.name.startswith(PREFIX)]
    return tuple(dict.fromkeys(name.replace("_", " ").strip() for name in names if name.strip("_")))
