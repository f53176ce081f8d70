"""Where definitions are looked for, and what the folders are called as packages."""

from __future__ import annotations

import sys
from pathlib import Path
from types import FrameType, SimpleNamespace
from typing import Any, cast

import pytest

from actions.layout import Caller, action_folder, definition_paths, package_of, resolve_base


def _caller(file: Path | str, package: str) -> Caller:
    return Caller(str(file), package)


def _frame(**names: Any) -> FrameType:
    return cast("FrameType", SimpleNamespace(f_globals=names))


@pytest.fixture
def app(tmp_path: Path) -> Path:
    """An app's folder below a project."""
    folder = tmp_path / "project" / "shop"
    folder.mkdir(parents=True)
    return folder


def test_a_module_knows_its_file_and_package() -> None:
    caller = Caller.of(
        _frame(__file__="/x/shop/actions/action_registry.py", __package__="shop.actions", __name__="other")
    )
    assert caller == Caller("/x/shop/actions/action_registry.py", "shop.actions")


def test_code_without_a_package_is_asked_for_its_name() -> None:
    assert Caller.of(_frame(__file__="/x/shop/registry.py", __name__="shop.registry")).package == "shop"


def test_code_without_a_file_has_no_root() -> None:
    caller = Caller.of(_frame(__name__="__console__"))
    assert caller.root is None
    assert Caller.of(None).root is None


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("shop/actions/action_registry.py", "shop.actions"),
        ("shop/actions/__init__.py", "shop.actions"),
        ("shop/actions/todo/action_registry.py", "shop.actions.todo"),
        ("shop/registry.py", "shop"),
        ("registry.py", ""),
    ],
)
def test_the_root_is_where_the_top_level_package_is_imported_from(tmp_path: Path, file: str, package: str) -> None:
    assert _caller(tmp_path / file, package).root == tmp_path.resolve()


@pytest.mark.parametrize("slash", ["", "/"])
def test_an_absolute_base_means_itself(app: Path, slash: str) -> None:
    assert resolve_base(f"{app}{slash}", _caller("", "")) == [app]


@pytest.mark.parametrize("base", ["shop/actions/todo", "shop/actions/todo/", "./shop/actions/todo"])
def test_a_relative_base_is_below_the_caller_s_project(app: Path, base: str) -> None:
    caller = _caller(app / "actions" / "action_registry.py", "shop.actions")
    assert resolve_base(base, caller)[0] == app.parent.resolve() / "shop/actions/todo"


def test_a_relative_base_may_also_be_beside_the_caller_or_below_base_dir(
    app: Path, settings: Any, tmp_path: Path
) -> None:
    settings.BASE_DIR = tmp_path
    caller = _caller(app / "actions" / "action_registry.py", "shop.actions")
    assert resolve_base("todo", caller) == [
        app.parent.resolve() / "todo",
        (app / "actions").resolve() / "todo",
        tmp_path / "todo",
    ]


def test_a_relative_base_does_not_depend_on_the_working_directory(
    app: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    caller = _caller(app / "actions" / "action_registry.py", "shop.actions")
    before = resolve_base("shop", caller)
    monkeypatch.chdir(tmp_path)
    assert resolve_base("shop", caller) == before


def test_without_any_root_a_relative_base_leads_nowhere(settings: Any) -> None:
    settings.BASE_DIR = None
    assert resolve_base("shop", _caller("", "")) == []


def test_the_newest_layout_is_tried_first() -> None:
    assert list(definition_paths([Path("/a"), Path("/b")], "mark_done")) == [
        Path("/a/actions/mark_done/definition.yaml"),
        Path("/a/mark_done/definition.yaml"),
        Path("/a/actiondocs/mark_done.yaml"),
        Path("/b/actions/mark_done/definition.yaml"),
        Path("/b/mark_done/definition.yaml"),
        Path("/b/actiondocs/mark_done.yaml"),
    ]


def test_the_code_is_beside_the_definition() -> None:
    assert action_folder(Path("/a/actions/mark_done/definition.yaml"), "mark_done") == Path("/a/actions/mark_done")


def test_the_code_of_an_older_definition_is_in_actions() -> None:
    assert action_folder(Path("/a/actiondocs/mark_done.yaml"), "mark_done") == Path("/a/actions/mark_done")


def test_the_code_of_an_older_definition_may_be_in_the_base_itself(tmp_path: Path) -> None:
    (tmp_path / "mark_done").mkdir()
    assert action_folder(tmp_path / "actiondocs/mark_done.yaml", "mark_done") == tmp_path / "mark_done"


def test_a_folder_is_named_from_the_caller_s_root(app: Path) -> None:
    caller = _caller(app / "actions" / "action_registry.py", "shop.actions")
    assert package_of(app / "actions" / "mark_done", caller) == "shop.actions.mark_done"


def test_a_folder_elsewhere_is_named_from_where_python_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "elsewhere" / "actions" / "mark_done"
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "elsewhere")])
    assert package_of(folder, _caller("", "")) == "actions.mark_done"


def test_a_folder_that_nothing_imports_from_is_named_by_its_packages(tmp_path: Path) -> None:
    folder = tmp_path / "not-a-name" / "shop" / "mark_done"
    folder.mkdir(parents=True)
    for package in (folder, folder.parent):
        (package / "__init__.py").touch()
    assert package_of(folder, _caller("", "")) == "shop.mark_done"


def test_a_link_to_the_project_leads_to_the_same_package(app: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(app.parent)
    caller = _caller(app / "actions" / "action_registry.py", "shop.actions")
    assert package_of(link / "shop" / "mark_done", caller) == "shop.mark_done"


def test_a_folder_that_cannot_be_imported_has_no_name(tmp_path: Path) -> None:
    assert package_of(tmp_path / "mark-done", _caller("", "")) == ""
