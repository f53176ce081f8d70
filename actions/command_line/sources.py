"""What a command is told elsewhere than on its command line: in a file, on standard input, or at a prompt."""

from __future__ import annotations

import json
import sys
from getpass import getpass
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.management.base import CommandError

STDIN = "-"
IN_FILE = "@"
MISUSED = 2
"""The exit status of a command line that cannot be carried out; argparse's own."""


def misuse(sentence: str) -> CommandError:
    """The error of a command line that is wrong: nothing was tried."""
    return CommandError(sentence, returncode=MISUSED)


def is_interactive() -> bool:
    """Whether somebody sits at a terminal and can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


class Sources:
    """Reads files and standard input; the latter for one option only."""

    def __init__(self) -> None:
        self._reader: str | None = None
        """The option that has read standard input."""
        self._files: list[File[bytes]] = []

    def json(self, option: str, text: str, *, is_path: bool = False) -> Any:
        """A JSON document: `-` for standard input, `@file`, or the document itself.

        Args:
            option: For errors.
            text: What was given.
            is_path: Whether a text that is not `-` names a file, with or without `@`.

        Raises:
            CommandError: It cannot be read, or is no JSON.
        """
        if text == STDIN:
            text = self._stdin(option).read()
        elif text.startswith(IN_FILE) or is_path:
            text = _file(option, text.removeprefix(IN_FILE))
        try:
            return json.loads(text, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise misuse(f"{option}: this is no JSON: {error}.") from error

    def secret(self, option: str, text: str) -> str:
        """A secret: `@file`, or `-` to be asked for it. Where nobody can be asked, a line of standard input.

        Raises:
            CommandError: It cannot be read, or stands on the command line.
        """
        if text.startswith(IN_FILE):
            return _file(option, text.removeprefix(IN_FILE)).removesuffix("\n").removesuffix("\r")
        if text != STDIN:
            raise misuse(
                f"{option}: a secret on a command line is seen by others, in the list of processes and in the shell's "
                f"history. Give {IN_FILE} and the name of a file that holds it, or {STDIN} to be asked for it."
            )
        if is_interactive():
            return getpass(f"{option.lstrip('-')}: ")
        line: str = self._stdin(option, is_shared=True).readline()
        return line.rstrip("\r\n")

    def file(self, option: str, path: str) -> File[bytes]:
        """A file for a field that takes one. It is closed by `close`.

        Raises:
            CommandError: It cannot be opened.
        """
        name = path.removeprefix(IN_FILE)
        try:
            opened = File(Path(name).open("rb"), name=Path(name).name)  # noqa: SIM115 - `close` does it
        except OSError as error:
            raise misuse(f"{option}: {error}.") from error
        self._files.append(opened)
        return opened

    def rewind(self) -> None:
        """Let the files be read once more."""
        for opened in self._files:
            opened.seek(0)

    def close(self) -> None:
        """Close the files."""
        for opened in self._files:
            opened.close()

    def _stdin(self, option: str, *, is_shared: bool = False) -> Any:
        """Standard input; lines of it may be for several options.

        Raises:
            CommandError: Another option has read it.
        """
        reader = "" if is_shared else option
        if self._reader is not None and (self._reader or reader):
            raise misuse(f"{option}: only one option can read standard input.")
        self._reader = reader
        return sys.stdin


def _file(option: str, name: str) -> str:
    try:
        return Path(name).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise misuse(f"{option}: {error}.") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is none of its values")
