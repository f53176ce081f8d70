"""YAML syntax errors in words that say what to do.

PyYAML has two parsers that name the same mistake differently; both wordings lead to one sentence here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NamedTuple

from yaml import MarkedYAMLError

from .exceptions import DefinitionProblem

_NEAR = 30
"""Characters shown on either side of an error."""


class Mark(NamedTuple):
    """A place in a text; both numbers count from 1, the column in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Advice:
    """What one kind of mistake is called and how it is mended."""

    signs: tuple[str, ...]
    """Parts of the messages of libyaml and of PyYAML's own parser."""
    sentence: str
    """May name `{character}` at the place, and `{begin}`, the line on which the broken structure begins."""
    remedy: str
    at_begin: bool = False
    """Whether the place to mend is where the structure begins rather than where the parser gave up."""


_ADVICE = (
    Advice(
        ("mapping values are not allowed",),
        'a ":" stands where no key can be',
        'Put text that contains ": " in quotes; write each key on its own line, in the column of its neighbours.',
    ),
    Advice(
        ("entries are not allowed",),
        'a list cannot begin in the line of its key with "- "',
        'Begin it on the next line, or write "[a, b]"; put text that begins with "- " in quotes.',
    ),
    Advice(
        ("that cannot start any token", "a tab character"),
        "no value can begin with {character}",
        "Indent with spaces, never tabs; put text that begins with a special character in quotes.",
    ),
    Advice(
        ("undefined alias",),
        'a "*" refers to an anchor, and no "&" before it defines this one',
        'Define the anchor, or put text that begins with "*" in quotes.',
    ),
    Advice(("second occurrence",), "this anchor is defined already, on line {begin}", "Give it another name."),
    Advice(
        ("unexpected end of stream",),
        "a quotation mark is opened here and never closed",
        "Close it; inside single quotes a single quote is written twice.",
        at_begin=True,
    ),
    Advice(
        ("',' or ']'",),
        "the list in square brackets that begins on line {begin} is not closed, or lacks a comma",
        'Close it with "]", or put text that begins with "[" in quotes.',
    ),
    Advice(
        ("',' or '}'",),
        "the mapping in braces that begins on line {begin} is not closed, or lacks a comma",
        'Close it with "}", or put text that begins with "{" in quotes.',
    ),
    Advice(
        ("could not find expected ':'",),
        "a key without a colon, or text that does not belong to a value",
        'Write "key: value"; indent the further lines of a long text more than its key.',
        at_begin=True,
    ),
    Advice(
        ("'-' indicator",),
        "this line does not belong to the list that begins on line {begin}",
        'Begin every item with "- " in the same column.',
    ),
    Advice(
        ("did not find expected key", "expected <block end>"),
        "this fits neither the indentation of the lines above nor the end of a value",
        "Give keys that belong together the same column; after a closing quote or bracket nothing may follow.",
    ),
    Advice(
        ("the node content", "expected node content"),
        "no value can begin with {character}",
        "Put the text in quotes.",
    ),
    Advice(
        ("unknown escape character", "escape code", "escape sequence", "chr() arg"),
        "an escape in double quotes that YAML does not know",
        "Write the backslash twice, or use single quotes.",
    ),
    Advice(("tag",), "a tag that YAML does not know", 'Remove it, or put text that begins with "!" in quotes.'),
    Advice(
        ("expected '<document start>'", "expected <document start>"),
        "the document has ended, and this does not belong to it",
        'Remove it, or the brace, bracket or "..." that ended the document.',
    ),
)

_LOOK_UP_REMEDY = 'Put text with a look-up in quotes: "{{ name }}".'


def syntax_problem(error: Exception, source: str, file: str) -> DefinitionProblem:
    """What a parser's error means for the person who wrote `source`."""
    problem = str(getattr(error, "problem", None) or error)
    advice = next((one for one in _ADVICE if any(sign in problem for sign in one.signs)), None)
    index, mark, begin = _places(error, at_begin=advice is not None and advice.at_begin)
    if advice is None:
        sentence, remedy = problem, ""
    else:
        sentence = advice.sentence.replace("{begin}", str(begin)).replace("{character}", _character(source, index))
        remedy = advice.remedy
    if mark is None:
        return DefinitionProblem(file, (), f"Not valid YAML: {sentence}.", remedy)
    near = _near(source, index)
    if "{{" in near:
        remedy = _LOOK_UP_REMEDY
    return DefinitionProblem(file, (), f"Not valid YAML near `{near}`: {sentence}.", remedy, *mark)


def place_after(before: str) -> Mark:
    """The place that follows the text `before`."""
    lines = re.split("\r\n|\r|\n", before)
    return Mark(len(lines), len(lines[-1]) + 1)


def _places(error: Exception, at_begin: bool) -> tuple[int, Mark | None, int | None]:
    """Index and mark of the place to mend, and the line where the broken structure begins."""
    if not isinstance(error, MarkedYAMLError):
        return 0, None, None
    context = error.context_mark or error.problem_mark
    mark = context if at_begin else error.problem_mark or context
    if mark is None or context is None:
        return 0, None, None
    return mark.index, Mark(mark.line + 1, mark.column + 1), context.line + 1


def _character(source: str, index: int) -> str:
    character = source[index : index + 1]
    return {"\t": "a tab", "": "the end of the file"}.get(character, f'"{character}"')


def _near(source: str, index: int) -> str:
    """The line around `index`, cut; the last words before it where the line is empty."""
    begin = max(source.rfind("\n", 0, index) + 1, index - _NEAR)
    line = source[begin : index + _NEAR].split("\n", 1)[0].strip()
    before = source[max(0, index - 10 * _NEAR) : index].rstrip()
    return line or before.rsplit("\n", 1)[-1].strip()[-_NEAR:]
