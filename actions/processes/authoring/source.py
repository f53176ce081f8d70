"""One process file while it is compiled: its values, where they stand, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from actions.exceptions import DefinitionProblem
from actions.yaml_source import YamlDocument

Path = tuple[str | int, ...]


class Source:
    """A loaded document, and its problems."""

    def __init__(self, document: YamlDocument) -> None:
        self.document = document
        self.file = document.file
        self.value: Mapping[str, Any] = document.value
        self.problems: list[DefinitionProblem] = []
        self._wrong: set[Path] = set()

    def report(self, path: Sequence[str | int], message: str, remedy: str = "", *, at_key: bool = False) -> None:
        """Keep a problem of the value at a path, or of its key."""
        self.keep(self.problem(path, message, remedy, at_key=at_key))

    def keep(self, problem: DefinitionProblem) -> None:
        """Keep a problem, once."""
        if problem not in self.problems:
            self.problems.append(problem)

    def problem(
        self, path: Sequence[str | int], message: str, remedy: str = "", *, at_key: bool = False
    ) -> DefinitionProblem:
        """A problem, for later."""
        return self.document.problem(path, message, remedy, at_key=at_key)

    def report_structure(self, problems: Iterable[tuple[Path, str]]) -> None:
        """Keep what the schema of the format says; what is wrong is not looked at any further."""
        for path, sentence in problems:
            is_there = self._holds(path)
            message, remedy = _message(sentence, path, is_there=is_there)
            self.report(path if is_there else path[:-1], message, remedy, at_key=is_there and "no such" in sentence)
            self._wrong.add(path)

    def is_right(self, path: Path, *, but: Collection[str] = ()) -> bool:
        """Whether nothing is wrong with the structure of the value at a path, or in it.

        Args:
            but: Keys within which it does not count.
        """
        deep = len(path) + 1
        return not any(
            wrong[: len(path)] == path and not (len(wrong) > deep and wrong[deep - 1] in but) for wrong in self._wrong
        )

    def at(self, path: Path) -> Any:
        """The value at a path.

        Raises:
            LookupError, TypeError: There is none.
        """
        value: Any = self.value
        for part in path:
            value = value[part]
        return value

    def _holds(self, path: Path) -> bool:
        try:
            self.at(path)
        except (LookupError, TypeError):
            return False
        return True


def _message(sentence: str, path: Path, *, is_there: bool) -> tuple[str, str]:
    """What the schema says, as a sentence about a file, and what to do."""
    name = str(path[-1]) if path else ""
    if "no such field" in sentence:
        _first, _dot, rest = sentence.partition(". ")
        return f'"{name}" is not a key that can stand here.', rest.replace("'", '"')
    if not is_there and name:
        return f'the key "{name}" is missing.', f"Add it: {name}: …"
    return f"{sentence[:1].lower()}{sentence[1:]}", ""


def did_you_mean(name: str, known: Iterable[str], otherwise: str = "") -> str:
    """A remedy for a wrong name."""
    known = list(known)
    near = get_close_matches(name, known, n=1)
    if near:
        return f'Did you mean "{near[0]}"?'
    shown = ", ".join(known[:10]) + (", …" if len(known) > 10 else "")
    return f"There are: {shown}." if known else otherwise
