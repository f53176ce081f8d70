"""The fields of an action's payload as options: `--note x --days 3 --urgent --tag a --tag b --due-date 2026-05-01`.

Texts become what the payload's schema declares, and whether they are right says the payload in the call. A field whose
name an option of the command has already is given as `--param name=value`, which works for every field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils.datastructures import MultiValueDict

from actions.inputs import KIND, Input, inputs_of
from actions.payloads.form_data import typed
from actions.redaction import secret_names

from .sources import Sources, misuse

if TYPE_CHECKING:
    from argparse import _ArgumentGroup

    from actions.binding import BoundAction

FIELDS = "fields"
"""Where the parser puts all of them: `(name, text)`, in the order of the command line."""
PARAM = "--param"
DATA = "--data"

_OPTION = re.compile(r"[^\W\d_][\w-]*")
"""Names that can be an option's."""
_METAVARS = {
    KIND.INTEGER: "N",
    KIND.NUMBER: "X",
    KIND.DATE: "DATE",
    KIND.DATETIME: "TIME",
    KIND.TIME: "TIME",
    KIND.EMAIL: "ADDRESS",
    KIND.URI: "URL",
    KIND.UUID: "UUID",
    KIND.FILE: "PATH",
    KIND.JSON: "JSON",
    KIND.PASSWORD: "@FILE|-",
}
_SEVERAL = (KIND.SEVERAL, KIND.LINES)


def add_field_options(parser: Any, group: _ArgumentGroup, bound: BoundAction) -> None:
    """Add an option for each field of the payload that can have one.

    Args:
        parser: Has the command's own options already: those win.
        group: Where help shows them.
        bound: The action.
    """
    shown = list(inputs_of(bound.payload.json_schema()))
    exact = {each.name for each in shown}
    without = []
    for each in shown:
        options = [f"--{each.name}"] if _OPTION.fullmatch(each.name) else []
        dashed = each.name.replace("_", "-")
        if options and dashed not in exact:
            options.insert(0, f"--{dashed}")
        if free := [option for option in options if parser.is_free(option)]:
            _add(parser, group, each, free, is_secret=_is_secret(each.name, each.kind, bound))
        else:
            without.append(f"{PARAM} {each.name}={_metavar(each, is_secret=_is_secret(each.name, each.kind, bound))}")
    if without:
        group.description = f"Besides, as an option of that name has another meaning: {', '.join(without)}."
    elif not shown:
        group.description = "The action takes nothing."


def pair(text: str) -> tuple[str, str]:
    """`name=value` as the two.

    Raises:
        ValueError: It is none; argparse says so.
    """
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ValueError
    return name, value


pair.__name__ = "name=value"  # argparse names the type in its errors: "invalid name=value value: 'x'"


def read_fields(said: Iterable[tuple[str, str]], bound: BoundAction, sources: Sources) -> dict[str, Any]:
    """The fields as the JSON values that the payload's schema declares; files as files.

    Args:
        said: Names and texts. A name may lead into an object: `address.city`.
        bound: The action.
        sources: For secrets and files.

    Raises:
        CommandError: A secret or file cannot be read.
    """
    said = list(said)
    schema = bound.payload.json_schema()
    kinds = {each.name: each.kind for each in inputs_of(schema)}
    form: MultiValueDict[str, Any] = MultiValueDict()
    for name, text in said:
        form.appendlist(name, _read(name, text, kinds.get(name), bound, sources))
    values = typed(form, schema)
    for name in form:
        # A form leaves out what was left empty. Here it was said, and the payload has to judge it.
        if (top := name.partition(".")[0]) not in values and name not in values:
            values[name if name in kinds else top] = form[name]
    return values


def read_document(text: str | None, sources: Sources) -> dict[str, Any]:
    """What `--data` says.

    Raises:
        CommandError: It is no JSON object.
    """
    if text is None:
        return {}
    document = sources.json(DATA, text)
    if not isinstance(document, Mapping):
        raise misuse(f'{DATA}: a JSON object was expected, as in {{"note": "x"}}.')
    return dict(document)


def _read(name: str, text: str, kind: KIND | None, bound: BoundAction, sources: Sources) -> Any:
    if kind is KIND.FILE:
        return sources.file(f"--{name}", text)
    if _is_secret(name, kind, bound):
        return sources.secret(f"--{name}", text)
    return text


def _is_secret(name: str, kind: KIND | None, bound: BoundAction) -> bool:
    """Whether the value must not stand on a command line. `token_count` is recorded as a secret, but it is none."""
    if kind is KIND.BOOLEAN:
        return False
    names = secret_names(bound.sensitive)
    return kind is KIND.PASSWORD or any(_plain(part) in names for part in name.split("."))


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _add(parser: Any, group: _ArgumentGroup, each: Input, options: list[str], *, is_secret: bool) -> None:
    described = " ".join(_described(each, is_secret=is_secret)).replace("%", "%%")
    if each.kind is not KIND.BOOLEAN:
        metavar = _metavar(each, is_secret=is_secret)
        read = partial(_named, each.name)
        group.add_argument(*options, dest=FIELDS, action="append", type=read, metavar=metavar, help=described)
        return
    group.add_argument(*options, dest=FIELDS, action="append_const", const=(each.name, "true"), help=described)
    negative = [no for option in options if parser.is_free(no := f"--no-{option[2:]}")]
    if negative:
        no = f"the opposite of {options[0]}"
        group.add_argument(*negative, dest=FIELDS, action="append_const", const=(each.name, "false"), help=no)


def _named(name: str, text: str) -> tuple[str, str]:
    return name, text


def _metavar(each: Input, *, is_secret: bool) -> str:
    if is_secret:
        return _METAVARS[KIND.PASSWORD]
    if each.choices:
        return "{" + ",".join(map(str, each.choices)) + "}"
    return "true|false" if each.kind is KIND.BOOLEAN else _METAVARS.get(each.kind, "TEXT")


def _described(each: Input, *, is_secret: bool) -> Iterator[str]:
    """What help says of a field."""
    if text := each.description or each.title:
        yield text if text.endswith((".", "!", "?")) else f"{text}."
    if is_secret:
        yield "A secret: @ and the name of a file, or - to be asked for it."
    if each.kind in _SEVERAL:
        yield "May be repeated."
    if each.is_required:
        yield "Required."
    elif each.default is not None and not is_secret:
        yield f"Default: {json.dumps(each.default, ensure_ascii=False, default=str)}."
