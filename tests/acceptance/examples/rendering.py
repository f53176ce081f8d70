"""Makes a page: performs what it asks for on the demonstration data, and writes down what is answered."""

from __future__ import annotations

import ast
import io
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import fields, replace
from functools import singledispatchmethod
from textwrap import fill
from typing import Any

import yaml
from django.core.management import CommandError, call_command
from django.test import override_settings

from actions.binding import bind
from example_app.actions.action_registry import ACTIONS

from . import curl
from .layout import WHOLE, Stable, laid_out
from .parts import Clock, Curl, Definition, Manage, Page, Python, Settings

NOTE = "<!-- Made from tests/acceptance/examples: change it there. -->"
WIDTH = 120
ABOUT = (
    """Real requests to the example project and its real answers. `make run` starts it on 127.0.0.1:8000 with the
    demonstration data that they begin with: each page by itself, with `load_demo` on an empty database, at nine (UTC)
    on 2 March 2026.""",
    """Users are `demo` (staff), `alice` and `bob`; each one's password is the name. Todo 7 is alice's. Answers are put
    into lines for reading, and `…` stands for what is left out. Of the headers those are shown that matter here. Uids,
    durations and plans are other ones in every run.""",
)
HOST = "http://127.0.0.1:8000"
_VARIABLE = re.compile(r"\$([A-Z]+)")


class Renderer:
    """Renders one page."""

    def __init__(self, go_by: Callable[[int], None]) -> None:
        """Begin with the demonstration data as `load_demo` leaves it.

        Args:
            go_by: Moves the clock forward by seconds.
        """
        self._go_by = go_by
        self._stable = Stable()
        self._variables: dict[str, str] = {}
        self._known: set[str] = set()
        self._names: dict[str, Any] = {}
        self._until_the_end = ExitStack()

    def render(self, page: Page) -> str:
        """The page's text."""
        with self._until_the_end:
            blocks = [block for part in page.parts for block in (self._render(part),) if block]
        return "\n\n".join([f"# {page.title}", NOTE, *blocks]) + "\n"

    @singledispatchmethod
    def _render(self, part: str) -> str:
        return prose(part)

    @_render.register
    def _(self, part: Curl) -> str:
        line = part.line.strip().replace("HOST", HOST)
        names = [name for name in dict.fromkeys(_VARIABLE.findall(line)) if name not in self._known]
        shown = [f"$ {name}='{self._stable(self._variables[name])}'" for name in names]
        self._known.update(names)
        self._go_by(1)
        response = curl.send(
            curl.parse(_VARIABLE.sub(lambda found: self._variables[found[1]].replace('"', '\\"'), line))
        )
        body = curl.body_of(response)
        for name, path in part.keep.items():
            self._variables[name] = _found(body, path)
        text = (
            body.strip()
            if isinstance(body, str)
            else laid_out(body, part.shown if response.status_code < 400 else WHOLE)
        )
        answer = "\n\n".join(filter(None, (curl.head_of(response), text)))
        return _block("console", *shown, f"$ curl -i {line}") + "\n\n" + _block("http", self._stable(answer))

    @_render.register
    def _(self, part: Manage) -> str:
        self._go_by(1)
        output = io.StringIO()
        try:
            call_command(*shlex.split(part.line), stdout=output, stderr=output, no_color=True)
        except CommandError as error:
            # As `manage.py` tells it.
            output.write(f"CommandError: {error}\n")
        return _block("console", f"$ python manage.py {part.line}", self._stable(output.getvalue().strip()))

    @_render.register
    def _(self, part: Python) -> str:
        source, lines = part.source.strip(), []
        for node in ast.parse(source).body:
            statement = str(ast.get_source_segment(source, node))
            output = io.StringIO()
            with redirect_stdout(output):
                code = compile(ast.Interactive([node]), "<page>", "single")
                exec(code, self._names)  # noqa: S102 - the page's own statement
            shown = statement.replace("\n", "\n... ")
            lines += [f">>> {shown}", self._stable(output.getvalue().strip())]
        return _block("pycon", *filter(None, lines))

    @_render.register
    def _(self, part: Settings) -> str:
        self._until_the_end.enter_context(override_settings(**part.values))
        lines = [f"{name} = {value!r}".replace("'", '"') for name, value in part.values.items()]
        return _block("python", "# settings.py", *lines)

    @_render.register
    def _(self, part: Definition) -> str:
        self._until_the_end.enter_context(_defined(part))
        return _block("yaml", f"# example_app/actions/{part.action}/definition.yaml", part.lines.strip())

    @_render.register
    def _(self, part: Clock) -> str:
        self._go_by(part.seconds)
        return ""


@contextmanager
def _defined(part: Definition) -> Iterator[None]:
    """The action with other keys in its definition, in the registry that every door has."""
    bound = ACTIONS.bound[part.action]
    keys = yaml.safe_load(part.lines)
    other, problems = bind(replace(bound.action, **keys), bound.resource)
    assert other is not None, problems
    before = {each.name: getattr(bound, each.name) for each in fields(bound)}
    try:
        for name in before:
            object.__setattr__(bound, name, getattr(other, name))
        yield
    finally:
        for name, value in before.items():
            object.__setattr__(bound, name, value)


def index(pages: list[Page]) -> str:
    """The page that leads to the others."""
    rows = [prose(f"- [{page.title}]({page.name}.md): {page.about}", "  ") for page in pages]
    return "\n\n".join(["# Examples", NOTE, *map(prose, ABOUT), "\n".join(rows)]) + "\n"


def prose(text: str, indent: str = "") -> str:
    """A paragraph in lines."""
    plain = " ".join(text.split())
    return fill(plain, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def _block(language: str, *lines: str) -> str:
    return "\n".join([f"```{language}", *filter(None, lines), "```"])


def _found(body: Any, path: str) -> str:
    """A value by its path: "0.etag"."""
    for step in path.split("."):
        body = body[int(step)] if isinstance(body, list) else body[step]
    return str(body)
