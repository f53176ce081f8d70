"""Imports inside the package point downwards: each module may know its own layer and those below it.

Also imports inside functions and those for types only. `__init__` with lazy names and `apps.py`, which registers, are
exempt. Within a layer there are no circles.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = "actions"
ROOT = Path(__file__).resolve().parents[2] / PACKAGE

LAYERS = {
    "doors": (
        "admin api body browsable call command_line etags management mcp mixins schema_serializer scaffold testing "
        "tests urls"
    ),
    "faces": "actions fields forms",
    "services": "archive calls delivery later undo",
    "worker": "worker",
    "execution": (
        "acceptance agreement asking availability conditions execution failures idempotency many plans preview "
        "requests resource results single spending versions"
    ),
    "recording": "changes outbox recording writes",
    "queue": "work",
    "registries": (
        "binding budgets checks contract discovery django_payloads documentation hooks keys layout lifecycle openapi "
        "registry routes runners selection setting_checks util"
    ),
    "senders": "programs senders",
    "pure": (
        "definition_keys definitions inputs lookups payloads preferences redaction signatures terms yaml_errors "
        "yaml_nodes yaml_source"
    ),
    "data": "migrations models",
    "ground": "conf context exceptions moments problem signals telemetry tracing",
}
"""From the top down; a package stands for all of its modules."""

PROCESS_LAYERS = {
    "doors of processes": "actions admin api management people scaffolding templatetags testing urls wfe",
    "faces of processes": "flow steps workflows",
    "worker of processes": "worker",
    "services of processes": "archive services",
    "runners": "runners",
    "executor": "executor",
    "store": "store",
    "registries of processes": (
        "checks core_tasks discovery folders naming people_filters people_names registry task_checks task_discovery "
        "task_documentation task_options task_payload task_tests tasks util validation"
    ),
    "pure processes": (
        "arguments authoring cel cel_text constants diagram errors expressions graph pages planner policies process "
        "validate"
    ),
    "data of processes": "indexing migrations models state_field",
    "ground of processes": "atm_settings context exceptions notes signals states values",
}
"""The same for `actions.processes`, an app of its own above all of `actions` but its doors and faces."""

REGISTRY_LAYERS = {
    "doors of the registry": "actions admin api management program_urls urls",
    "services of the registry": "programs services syncing",
    "registries of the registry": "checking checks lookup permissions stored",
    "data of the registry": "migrations models programs.models",
    "ground of the registry": "comparing documents exceptions fields",
}
"""The same for `actions.process_registry`, an app of its own above `actions.processes`."""

LEVEL: dict[str, float] = {module: level for level, row in enumerate(LAYERS.values()) for module in row.split()}
for _number, _row in enumerate(PROCESS_LAYERS.values()):
    # Its doors may use those of the package, as a project's do.
    _level = _number / 100 + (-1 if _number == 0 else 1.5)
    LEVEL |= {f"processes.{module}": _level for module in _row.split()}
for _number, _row in enumerate(REGISTRY_LAYERS.values()):
    # Its doors may use those of processes, and both may use those of the package.
    _level = _number / 100 + (-2 if _number == 0 else 1.2)
    LEVEL |= {f"process_registry.{module}": _level for module in _row.split()}
NAMES: dict[float, str] = dict(enumerate(LAYERS))
NAMES |= {LEVEL[f"processes.{row.split()[0]}"]: name for name, row in PROCESS_LAYERS.items()}
NAMES |= {LEVEL[f"process_registry.{row.split()[0]}"]: name for name, row in REGISTRY_LAYERS.items()}

NOT_YET = {"processes.flow", "processes.steps", "processes.workflows", "processes.testing"}

NOT_FOR_PURE = ("django.db", "django.forms", "rest_framework", f"{PACKAGE}.models")
"""What a pure module does not import: it needs no database, and no loaded apps."""


def _modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    return {_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def _name(path: Path) -> str:
    parts = (PACKAGE, *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = _modules()
CHECKED = [name for name, path in MODULES.items() if path.name not in ("__init__.py", "apps.py")]


def _imports(name: str) -> Iterator[tuple[str, int]]:
    """What a module imports, in dotted names, each with its line."""
    path = MODULES[name]
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                above = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                yield _module_of(f"{base}.{alias.name}", base), node.lineno


def _module_of(name: str, base: str) -> str:
    """`from base import x` imports the module base.x where there is one, else something in base."""
    return name if name in MODULES else base


def _layer(name: str) -> float | None:
    """The layer of a module of the package, None for one that the table does not have."""
    return LEVEL.get(_row_of(name))


def _row_of(name: str) -> str:
    """What a module stands under in the table: the package that it is in, within the package or within one of its apps.

    Where the table has a module itself, it is that.
    """
    first, *more = name.removeprefix(f"{PACKAGE}.").split(".")
    if first not in ("processes", "process_registry") or not more:
        return first
    named = f"{first}.{'.'.join(more)}"
    return named if named in LEVEL else f"{first}.{more[0]}"


def _own_imports(name: str) -> Iterator[tuple[str, int]]:
    """Modules of the package that a module imports; the package's root, which holds the version, is everybody's."""
    return ((target, line) for target, line in _imports(name) if target.startswith(f"{PACKAGE}.") and target in MODULES)


@pytest.mark.parametrize("name", CHECKED)
def test_every_module_stands_in_the_table(name: str) -> None:
    assert _layer(name) is not None, (
        f"{name} is in no layer. Add it to LAYERS in {Path(__file__).name}, where what it imports is below it."
    )


@pytest.mark.parametrize("name", CHECKED)
def test_imports_point_downwards(name: str) -> None:
    own = _layer(name)
    assert own is not None
    upwards = [
        f"{MODULES[name].relative_to(ROOT.parent)}:{line}: {NAMES[own]} imports {target} of {NAMES[layer]}"
        for target, line in _own_imports(name)
        if (layer := _layer(target)) is not None and layer < own
    ]
    assert not upwards, "\n".join(upwards)


PURE = [level for level, name in NAMES.items() if name.startswith("pure")]


@pytest.mark.parametrize("name", [name for name in CHECKED if _layer(name) in PURE])
def test_a_pure_module_knows_no_database(name: str) -> None:
    impure = [
        f"{MODULES[name].relative_to(ROOT.parent)}:{line}: imports {target}"
        for target, line in _imports(name)
        if target.startswith(NOT_FOR_PURE)
    ]
    assert not impure, "\n".join(impure)


def test_no_imports_run_in_a_circle() -> None:
    graph = {name: {target for target, _ in _own_imports(name) if target != name} for name in CHECKED}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_the_table_names_no_module_that_is_gone() -> None:
    there = {_row_of(name) for name in MODULES}
    assert not set(LEVEL) - there - NOT_YET
