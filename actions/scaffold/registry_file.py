"""The text of an action_registry.py: a new one, and one with another action."""

from __future__ import annotations

import ast
import re
from typing import cast

from django.core.management.base import CommandError

from .texts import LINE, bracketed, from_template

_START = re.compile(r"^[ \t]*#+[ \t]*-*[ \t]*START ACTION REGISTRY\b.*$", re.MULTILINE)
_END = re.compile(r"^([ \t]*)#+[ \t]*-*[ \t]*END ACTION REGISTRY\b.*$", re.MULTILINE)
_MARKERS = '"## -- START ACTION REGISTRY -- ##" and "## -- END ACTION REGISTRY -- ##"'


def new_registry(resource: str, basepath: str, *, has_own_folder: bool) -> str:
    """A registry without actions.

    Args:
        resource: Its name.
        basepath: Where it is served.
        has_own_folder: Whether it stands in a folder of the resource's own, which is then the base. Otherwise it stands
            in the app's `actions`, and the base is the app.
    """
    items = [f'"resource": "{resource}"', f'"basepath": "{basepath}"', '"actions": {}']
    return from_template(
        "action_registry.py",
        resource=resource,
        whose="the resource" if has_own_folder else "the app",
        layout="<id>/definition.yaml" if has_own_folder else "actions/<id>/definition.yaml",
        base="parent" if has_own_folder else "parent.parent",
        initial_registry=bracketed("initial_registry = {", items, "}"),
    )


def with_action(text: str, file: str, action_id: str, type_: str, status: str) -> str:
    """The registry's text with one action more, before its END marker; nothing else is changed.

    Raises:
        CommandError: It is no Python, has no markers or no list, or lists the action already.
    """
    names, listed = _read(text, file)
    if action_id in listed:
        raise CommandError(f'{file} lists "{action_id}" already. Choose another id.')
    if "action_list" not in names:
        raise CommandError(f"{file} has no action_list. Write, above the markers: action_list = []")
    start, end = _START.search(text), _END.search(text)
    has_enums = {"ACTION_TYPE", "STATUS"} <= names
    row = _row(action_id, type_, status, has_enums=has_enums)
    if start is None or end is None or end.start() < start.end():
        raise CommandError(f"{file} has not the lines {_MARKERS}. Write them below action_list = [].")
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = [f"{end[1]}{line}" for line in row.split("\n")]
    return text[: end.start()] + newline.join([*lines, ""]) + text[end.start() :]


def _row(action_id: str, type_: str, status: str, *, has_enums: bool) -> str:
    """The statement that lists an action, in a form that formatters keep."""
    if has_enums:
        kind, state = f"ACTION_TYPE.{type_.upper()}.value", f"STATUS.{status.upper()}.value"
    else:
        kind, state = f'"{type_}"', f'"{status}"'
    line = f'action_list.append(("{action_id}", {kind}, {state}))'
    if len(line) <= LINE:
        return line
    row = bracketed("(", [f'"{action_id}"', kind, state], ")", indent=4, is_broken=True)
    return f"action_list.append(\n    {row}\n)"


def _read(text: str, file: str) -> tuple[set[str], set[str]]:
    """The names that the module defines or imports, and the ids that stand first in a tuple."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise CommandError(f"{file}:{error.lineno} is not valid Python: {error.msg}. Correct it first.") from error
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    names |= {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    tuples = (node.elts[0] for node in ast.walk(tree) if isinstance(node, ast.Tuple) and node.elts)
    ids = {cast("str", first.value) for first in tuples if isinstance(first, ast.Constant)}
    return names, ids
