"""Questions to whoever sits at the terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import TypeVar

from django.core.management.base import CommandError, OutputWrapper

T = TypeVar("T")

YES = "y"


class Questions:
    """Asks until an answer is right."""

    def __init__(self, stdout: OutputWrapper) -> None:
        self._stdout = stdout

    @staticmethod
    def are_possible() -> bool:
        """Whether somebody is there to answer."""
        return sys.stdin is not None and sys.stdin.isatty()

    def ask(self, label: str, check: Callable[[str], T], default: str | None = None) -> T:
        """The answer as `check` gives it back; an empty one means the default.

        Raises:
            CommandError: There will be no answer.
        """
        shown = "" if default is None else f" [{default or 'none'}]"
        while True:
            answer = self._read(f"{label}{shown}: ")
            try:
                return check(answer if answer or default is None else default)
            except CommandError as error:
                self._stdout.write(str(error))

    def choose(self, label: str, among: Iterable[str], default: str) -> str:
        """One of several words."""
        words = list(among)

        def check(answer: str) -> str:
            if answer not in words:
                raise CommandError(f'"{answer}" is none of {", ".join(words)}.')
            return answer

        return self.ask(f"{label} ({', '.join(words)})", check, default)

    def confirm(self, question: str) -> bool:
        """Whether the answer is "y"; anything else is a no."""
        return self._read(f'{question} "{YES}" writes them, anything else exits: ').lower() == YES

    def _read(self, prompt: str) -> str:
        self._stdout.write(prompt, ending="")
        self._stdout.flush()
        try:
            return input().strip()
        except EOFError as error:
            raise CommandError("Nothing was made: there was no answer.") from error
