"""The files of a new action."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from actions.definitions import ACTION_TYPE

from .names import as_sentence, camel
from .places import Place
from .texts import bracketed, from_template
from .writing import packages

FUNCTION, FORM = "function", "form"
STYLES = (FUNCTION, FORM)
"""What does the work: a function in action.py, or the save() of a form in form.py."""

_PLAIN = re.compile(r"[A-Za-z][\w ,().'-]*", re.ASCII)
_NOT_PLAIN = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}


@dataclass(frozen=True, slots=True)
class NewAction:
    """What was asked for."""

    place: Place
    resource: str
    basepath: str
    id: str
    type: str
    title: str
    style: str
    registry_name: str = "ACTIONS"
    """What the registry is called in its file."""
    is_served: bool = False
    """Whether a ViewSet serves the registry already."""

    @property
    def folder(self) -> Path:
        """Holds everything of the action."""
        return self.place.folder / self.id

    @property
    def package(self) -> str:
        """The dotted name of the folder."""
        return f"{self.place.package}.{self.id}"

    @property
    def is_instance(self) -> bool:
        """Whether it is called on one object."""
        return self.type == ACTION_TYPE.INSTANCE.value

    @property
    def code_file(self) -> str:
        """Where the work is done."""
        return "action.py" if self.style == FUNCTION else "form.py"

    @property
    def target(self) -> str:
        """The name of the function's first parameter."""
        if not self.is_instance:
            return "queryset"
        name = self.resource
        return name if name.isidentifier() and name not in {self.id, "note", "context", "by", "result"} else "target"


def action_files(action: NewAction) -> dict[Path, str]:
    """The text of every file, packages on the way to it included."""
    folder, tests = action.folder, action.folder / "tests"
    work = "form" if action.style == FORM else "action"
    return {
        **packages(tests, Path(action.place.app.path)),
        folder / action.code_file: _code(action),
        folder / "definition.yaml": _definition(action),
        folder / "README.md": _readme(action),
        tests / f"test_{work}.py": _unit_test(action),
        tests / "test_api.py": _api_test(action),
    }


def _code(action: NewAction) -> str:
    if action.style == FORM:
        result = '{"id": pk}' if action.is_instance else "[]"
        return from_template("form.py", sentence=as_sentence(action.title), camel=camel(action.id), result=result)
    kind = "Any" if action.is_instance else "QuerySet[Any]"
    parameters = [f"{action.target}: {kind}", "*", 'note: str = ""', "context: ActionContext"]
    definition = bracketed(f"def {action.id}(", parameters, ") -> dict[str, Any]:")
    return from_template(
        f"{action.type}_action.py", sentence=as_sentence(action.title), definition=definition, target=action.target
    )


def _definition(action: NewAction) -> str:
    form = f"form: {action.package}.form.{camel(action.id)}Form\n" if action.style == FORM else ""
    return from_template(
        "definition.yaml",
        title=_yaml(action.title),
        description="What it does, for those who read the documentation.",
        form=form,
        payload="{ids: [1, 2], note: Hello.}" if _selects(action) else "{note: Hello.}",
    )


def _readme(action: NewAction) -> str:
    example = {"ids": [1, 2], "note": "Hello."} if _selects(action) else {"note": "Hello."}
    basepath = action.basepath or "/"
    return from_template(
        "README.md",
        title=action.title,
        kind="Instance" if action.is_instance else "Bulk",
        resource=action.resource,
        path=f"{basepath}{'<id>/' if action.is_instance else ''}{action.id}/",
        example_path=f"{basepath}{'7/' if action.is_instance else ''}{action.id}/",
        example_payload=json.dumps(example),
        code_file=action.code_file,
        package=action.package,
    )


def _unit_test(action: NewAction) -> str:
    expected = [action.registry_name, f'"{action.id}"', f'"{action.type}"']
    names = {
        "id": action.id,
        "camel": camel(action.id),
        "registry": action.registry_name,
        "check": bracketed("assert_in_registry(", expected, ")", indent=8),
    }
    if action.style == FORM:
        pk, result = ("7", '{"id": 7}') if action.is_instance else ("None", "[]")
        return from_template("test_form.py", **names, pk=pk, result=result)
    arguments = [action.target, 'note="Hello."', "context=make_context()"]
    calling = bracketed(f"result = {action.id}(", arguments, ")", indent=8)
    return from_template(f"test_{action.type}_action.py", **names, target=action.target, call=calling)


def _api_test(action: NewAction) -> str:
    arguments = [action.registry_name, f'"{action.id}"', *(["target=0"] if action.is_instance else [])]
    skip = "" if action.is_served else from_template("skip.py", registry=action.registry_name)
    return from_template(
        "test_api.py",
        id=action.id,
        camel=camel(action.id),
        registry=action.registry_name,
        url=bracketed("url = action_url(", arguments, ")", indent=8),
        and_is_served="" if action.is_served else ", is_served",
        skip=f"\n{skip}" if skip else "",
    )


def _selects(action: NewAction) -> bool:
    """Whether a caller has to say which objects are meant."""
    return not action.is_instance and action.style == FUNCTION


def _yaml(text: str) -> str:
    """A text as YAML, in quotes where it would mean something else without."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _NOT_PLAIN and not text.endswith(" ")
    return text if is_plain else json.dumps(text, ensure_ascii=False)
