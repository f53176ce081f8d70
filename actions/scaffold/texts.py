"""Generated texts. Python among them is such that a formatter leaves it, whatever line length it is set to."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from string import Template

LINE = 88
"""The shortest line length in common use."""


def bracketed(head: str, items: Sequence[str], tail: str, *, indent: int = 0, is_broken: bool = False) -> str:
    """Head, items and tail in one line, or each item in a line of its own and a comma after the last.

    A formatter keeps what ends with such a comma broken up, and joins everything else that fits into its line.

    Args:
        head: Up to the opening bracket.
        items: What stands inside.
        tail: From the closing bracket on.
        indent: Spaces before the head, which are not written.
        is_broken: Whether one line is not wanted even where it fits.
    """
    line = f"{head}{', '.join(items)}{tail}"
    if not is_broken and indent + len(line) <= LINE:
        return line
    margin = "\n" + " " * (indent + 4)
    inside = "".join(f"{margin}{item}," for item in items)
    return f"{head}{inside}\n{' ' * indent}{tail}"


def from_template(name: str, **values: str) -> str:
    """The text of a template, its `$names` replaced."""
    template = files(__package__).joinpath("templates", f"{name}-tpl").read_text(encoding="utf-8")
    return Template(template).substitute(values)
