"""YAML from anywhere: whatever is given, plain values or a DefinitionError come out, and soon."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from actions import yaml_nodes
from actions.exceptions import DefinitionError
from actions.yaml_source import YamlDocument, load_yaml

needs_libyaml = pytest.mark.skipif(not yaml.__with_libyaml__, reason="PyYAML without libyaml")
with_both_parsers = pytest.mark.parametrize(
    "parser", ["_PythonLoader", pytest.param("_CLoader", marks=needs_libyaml)], ids=["PyYAML", "libyaml"]
)

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(min_value=-(10**30), max_value=10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126) | st.sampled_from("\n\tüß☃😀")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("ab:- #'\"{}[]%@é1", max_size=5), inner),
    max_leaves=15,
)
YAML_LIKE = st.lists(
    st.sampled_from(
        [
            *("a", "b: ", ": ", "- ", "? ", "\n", "\n  ", "  ", "\t", "[", "]", "{", "}", ",", "'", '"', "|\n", ">-\n"),
            *("&x ", "*x", "!!str ", "!!python/name:os.system ", "! ", "!<", "<<: ", "---\n", "...\n", "%YAML 1.1\n"),
            *("# c", "~", "1", "-1.5e3", "012", ".inf", "yes", "\\", "\\0", "\\ud800", "\\U7fffffff", "\r", "\x85"),
            *("\u2028", "\ufeff", "\0", "\ud800", "é", "😀", "{{ a }}", "@", "`", "%", "9" * 400, "%YAML 99999999999"),
        ]
    ),
    max_size=25,
).map("".join)


def is_plain(value: Any) -> bool:
    if type(value) is dict:
        return all(type(key) is str for key in value) and all(map(is_plain, value.values()))
    if type(value) is list:
        return all(map(is_plain, value))
    return value is None or type(value) in {str, int, float, bool}


def load_with(parser: str, text: str | bytes) -> YamlDocument:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(yaml_nodes, "_Loader", getattr(yaml_nodes, parser))
        return load_yaml(text, file="f.yaml", mapping=False)


@with_both_parsers
@settings(deadline=None)
@given(text=YAML_LIKE | st.text() | st.binary() | YAML_LIKE.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_what_is_loaded_is_plain_and_what_is_not_is_a_definition_error(parser: str, text: str | bytes) -> None:
    value, problems = None, None
    try:
        value = load_with(parser, text).value
    except DefinitionError as error:
        problems = error.problems

    assert problems is None or (problems and all(problem.message for problem in problems))
    assert is_plain(value)
    json.dumps(value, allow_nan=False, ensure_ascii=False).encode()


@with_both_parsers
@settings(deadline=None)
@given(value=PLAIN)
def test_json_is_read_as_what_it_says(parser: str, value: Any) -> None:
    assert load_with(parser, json.dumps(value, ensure_ascii=False)).value == value


@with_both_parsers
@settings(deadline=None)
@given(value=st.dictionaries(st.text("abc", min_size=1), PLAIN))
def test_every_key_of_a_document_is_found_where_it_stands(parser: str, value: dict[str, Any]) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=False)
    lines = text.split("\n")
    document = load_with(parser, text)

    places = {key: document.key_mark((key,)) for key in value}

    assert all(mark and lines[mark.line - 1][mark.column - 1 :].startswith(f'"{key}"') for key, mark in places.items())


DEFINITION = """\
title: Mark the todo as done
description: >
  Sets the status of the todo to done.
version: "1.2"
schema:
  type: object
  properties:
    note:
      type: string
      maxLength: 200
    urgent: {type: boolean, default: false}
  required: [note]
permissions:
  - todos.change_todo
atomic: true
max_objects: 500
examples:
  - summary: A note
    payload: {note: "Finished", urgent: true}
"""


def seconds(load: Callable[[str], Any]) -> float:
    """Processor time for many definitions, the best of three."""

    def once() -> float:
        began = time.process_time()
        for number in range(200):
            load(f"{DEFINITION}# {number}\n")
        return time.process_time() - began

    return min(once() for _ in range(3))


@needs_libyaml
def test_definitions_load_about_as_fast_as_with_the_fast_loader_of_pyyaml() -> None:
    ours = seconds(lambda text: load_yaml(text, file="f.yaml"))
    theirs = seconds(lambda text: yaml.load(text, Loader=yaml.CSafeLoader))

    assert ours < 1.5 * theirs
