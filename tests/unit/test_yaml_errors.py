"""Syntax errors in YAML are told in words that say what to do, whichever parser found them."""

from __future__ import annotations

import pytest
import yaml

from actions import yaml_nodes
from actions.exceptions import DefinitionError, DefinitionProblem
from actions.yaml_errors import place_after
from actions.yaml_source import load_yaml

PARSERS = ["_PythonLoader", "_CLoader"] if yaml.__with_libyaml__ else ["_PythonLoader"]


@pytest.fixture(params=PARSERS, autouse=True)
def _each_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_nodes, "_Loader", getattr(yaml_nodes, request.param))


def problem_of(text: str) -> DefinitionProblem:
    with pytest.raises(DefinitionError) as caught:
        load_yaml(text, file="f.yaml")
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "remedy"),
    [
        ("a: b: c", 1, 5, 'a ":" stands where no key can be', "in quotes"),
        ("a: 1\n  b: 2", 2, 4, 'a ":" stands where no key can be', "column of its neighbours"),
        ("a:\n\tb: 1", 2, 1, "begin with a tab", "spaces, never tabs"),
        ("a: |\n\tx", 2, 1, "begin with a tab", "spaces, never tabs"),
        ("a: @x", 1, 4, 'begin with "@"', "in quotes"),
        ("a: `x`", 1, 4, 'begin with "`"', "in quotes"),
        ("a: ]", 1, 4, 'begin with "]"', "in quotes"),
        ("a: 1\nb: *all", 2, 4, "an anchor", 'begins with "*" in quotes'),
        ("a: &x 1\nb: &x 2", 2, 4, "defined already, on line 1", "another name"),
        ("a: 1\nb: 'open\nc: 2\n", 2, 4, "opened here and never closed", "Close it"),
        ("a: [1, 2\nb: 3", 2, 2, "that begins on line 1 is not closed", 'with "]"'),
        ("a: {x: 1\nb: 3", 2, 2, "that begins on line 1 is not closed", 'with "}"'),
        ("key: value\nword\n", 2, 1, "without a colon", "key: value"),
        ("a:\n  - 1\n - 2", 3, 2, "fits neither", "same column"),
        ("a: 'x' y", 1, 8, "fits neither", "after a closing quote"),
        ("a: - b", 1, 4, "list cannot begin", "on the next line"),
        ("a: !x!y 1", 1, 4, "a tag that YAML does not know", 'begins with "!" in quotes'),
        ("a: 1\n...\nb: 2", 3, 1, "the document has ended", "Remove it"),
        ("{a: 1}}", 1, 7, "the document has ended", "Remove it"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_its_remedy(
    text: str, line: int, column: int, message: str, remedy: str
) -> None:
    problem = problem_of(text)

    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message
    assert remedy in problem.remedy


def test_the_text_near_the_mistake_is_shown() -> None:
    assert problem_of("a: 1\nnote: what: now\nc: 3\n").message.startswith("Not valid YAML near `note: what: now`:")


def test_of_a_long_line_only_the_neighbourhood_is_shown() -> None:
    problem = problem_of(f"a: {'x' * 500}: {'y' * 500}")

    assert "xxx: yyy" in problem.message
    assert len(problem.message) < 200


def test_at_the_end_of_the_file_the_last_words_are_shown() -> None:
    assert "near `a: [1, 2`" in problem_of("a: [1, 2\n\n\n").message


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_places_and_neighbours_are_right_with_every_line_end(line_end: str) -> None:
    problem = problem_of(line_end.join(["ü: '☃'", "b: @x", "c: 1"]))

    assert (problem.line, problem.column) == (2, 4)
    assert "b: @x" in problem.message


def test_a_look_up_outside_quotes_gets_its_own_remedy() -> None:
    assert problem_of("title: {{ environment.title }} for you").remedy.startswith("Put text with a look-up in quotes")


def test_a_bad_escape_gets_a_remedy() -> None:
    assert "backslash twice" in problem_of(r'pattern: "\d+"').remedy


@pytest.mark.parametrize("text", [r'a: "\U7fffffff"', "%YAML 3.0\n---\na: 1", "a: !<%ff> x", "a: |5x\n  y"])
def test_a_rare_mistake_is_still_a_problem_of_the_file(text: str) -> None:
    assert str(problem_of(text)).startswith(("f.yaml:1:", "f.yaml: Not valid YAML"))


@pytest.mark.parametrize(
    ("before", "place"),
    [("", (1, 1)), ("ab", (1, 3)), ("a\n", (2, 1)), ("a\r\nb", (2, 2)), ("a\rb\n\nc", (4, 2))],
)
def test_a_place_follows_the_text_before_it(before: str, place: tuple[int, int]) -> None:
    assert place_after(before) == place
