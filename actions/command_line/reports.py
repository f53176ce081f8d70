"""What came of a call: the answer on standard output, everything that only a person reads on standard error."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.core.management.base import CommandError
from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from actions.exceptions import (
    NON_FIELD_ERRORS,
    InvalidSelectionError,
    InvalidTermError,
    ObjectsNotFoundError,
    PreconditionRequiredError,
    TooManyObjectsError,
)
from actions.problem import document
from actions.redaction import mask
from actions.selection import ALL, IDS, ITEMS

from .calls import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.core.management.base import OutputWrapper

    from actions.exceptions import ActionError
    from actions.execution import Outcome
    from actions.terms import Terms

PARTLY = 3
"""The exit status where it was not done for all objects."""
WIDEST = 60
"""Characters of a value in a table."""
OBJECTS = {IDS: "keys", ALL: "--all", ITEMS: "--items", NON_FIELD_ERRORS: "objects"}
HEAD = ("OBJECT", "FIELD", "BEFORE", "AFTER")


class Report:
    """Tells what happens."""

    def __init__(self, stdout: OutputWrapper, stderr: OutputWrapper, *, is_json: bool, verbosity: int) -> None:
        self._stdout = stdout
        self._stderr = stderr
        self._is_json = is_json
        self._verbosity = verbosity

    def say(self, text: str, ending: str | None = None) -> None:
        """A sentence for a person."""
        self._stderr.write(text, style_func=str, ending=ending)
        self._stderr.flush()

    def tell(self, outcome: Outcome, terms: Terms) -> None:
        """The answer.

        Raises:
            CommandError: It was not done for all of the objects.
        """
        body = outcome.body.data if isinstance(outcome.body, Response) else outcome.body
        if isinstance(body, HttpResponseBase):
            self._pass_on(body)
        elif outcome.preview is not None and not self._is_json:
            self._stdout.write("\n".join(_preview(outcome, body)))
        else:
            self._stdout.write(_json(body))
        if self._verbosity:
            for note in _notes(outcome, body, is_verbose=self._verbosity > 1):
                self.say(note)
        counts = body.get("counts") if terms.is_each and isinstance(body, Mapping) else None
        if counts and counts["failed"]:
            raise CommandError(f"Not done for {counts['failed']} of {counts['total']} objects.", returncode=PARTLY)

    def show_effect(self, outcome: Outcome) -> None:
        """What it would do, before somebody is asked."""
        self.say("\n".join(_effect(outcome)))

    def refusal(self, error: ActionError, secrets: Collection[str]) -> CommandError:
        """What ends the command; for programs its document is written, too.

        Args:
            error: Why it was refused.
            secrets: Are not shown, even where the error quotes them.
        """
        said = {path: [mask(sentence, secrets) for sentence in sentences] for path, sentences in error.errors.items()}
        detail = mask(error.detail, secrets)
        if self._is_json:
            told = {**document(error), "detail": detail, **({"errors": said} if said else {})}
            self._stdout.write(_json(told))
        if isinstance(error, InvalidTermError | PreconditionRequiredError):
            detail = " ".join(OPTIONS.get(word, word) for word in detail.split(" "))
            said = {OPTIONS.get(name, name): sentences for name, sentences in said.items()}
        elif isinstance(error, InvalidSelectionError | ObjectsNotFoundError | TooManyObjectsError):
            detail = detail.replace("?all=true", OBJECTS[ALL])
            said = {_object_option(path): sentences for path, sentences in said.items()}
        said = _by_object(said, error.extra.get("results", ()))
        lines = [detail, *(f"  {path}: {sentence}" for path, sentences in said.items() for sentence in sentences)]
        for part, sides in error.extra.get("difference", {}).items():
            lines += [f"  {part}, {side}: {_short(value, 500)}" for side, value in sides.items()]
        return CommandError("\n".join(lines))

    def _pass_on(self, response: HttpResponseBase) -> None:
        """The content of a Django response, such as a file, as it is."""
        parts: Any = response if isinstance(response, StreamingHttpResponse) else [getattr(response, "content", b"")]
        raw = getattr(self._stdout, "buffer", None)
        try:
            for part in parts:
                if raw is not None:
                    raw.write(part)
                else:
                    self._stdout.write(part.decode(response.charset or "utf-8", "replace"), ending="")
        finally:
            response.close()
        self._stdout.flush()


def _object_option(path: str) -> str:
    """The option that said which objects are meant, for where a query or a body says it."""
    name, dot, rest = path.partition(".")
    if name in OBJECTS:
        return f"{OBJECTS[name]}{dot}{rest}"
    # A number is that of an object.
    return path if name.isdecimal() else f"--filter {path}"


def _by_object(errors: Mapping[str, list[str]], results: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Errors of several objects under the objects' keys, in place of their numbers in the list."""
    keys = {str(result["index"]): result["id"] for result in results}
    found: dict[str, list[str]] = {}
    for path, sentences in errors.items():
        index, dot, rest = path.partition(".")
        found[f"object {keys[index]}{dot}{rest}" if index in keys else path] = sentences
    return found


def _json(value: Any) -> str:
    return json.dumps(value, cls=JSONEncoder, indent=2, ensure_ascii=False)


def _preview(outcome: Outcome, body: Any) -> Iterator[str]:
    """A preview for a person."""
    preview = outcome.preview
    assert preview is not None  # noqa: S101 - the caller has looked
    yield from _effect(outcome)
    told = preview.as_dict()
    answer = {key: value for key, value in body.items() if key not in told} if isinstance(body, Mapping) else {}
    if answer:
        yield f"It would answer:\n{_json(answer)}"
    if preview.plan:
        yield f"To do exactly this, in place of --dry-run:\n  --plan {preview.plan}"


def _effect(outcome: Outcome) -> Iterator[str]:
    preview = outcome.preview
    assert preview is not None  # noqa: S101 - only of a preview
    if preview.changes:
        yield "It would change:"
        yield from _table([HEAD, *map(_row, preview.changes)])
    elif preview.is_complete:
        yield "It would change nothing."
    if preview.others:
        yield "It would write, besides:" if preview.changes else "It would write:"
        yield from _table([(each["operation"], each["table"], f"{each['rows']} rows") for each in preview.others])
    if preview.would_send:
        yield "It would send or do after the commit:"
        yield from (f"  {' '.join(_short(value) for value in each.values())}" for each in preview.would_send)


def _row(change: Mapping[str, Any]) -> tuple[str, ...]:
    found = f"{change['model']} {change['key']}"
    if change["field"] is not None:
        return found, change["field"], _short(change["before"]), _short(change["after"])
    if change["before"] is None:
        return found, "(made)", "", _short(change["after"])
    return found, "(deleted)", _short(change["before"]), ""


def _table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _short(value: Any, widest: int = WIDEST) -> str:
    text = json.dumps(value, cls=JSONEncoder, ensure_ascii=False)
    return text if len(text) <= widest else f"{text[: widest - 1]}…"


def _notes(outcome: Outcome, body: Any, *, is_verbose: bool) -> Iterable[str]:
    """What a person should know besides the answer."""
    headers = outcome.headers
    if outcome.status == 202:
        yield f"Accepted: a worker will do it. How far it is: {headers.get('Location', '')}".rstrip()
        yield from body.get("warnings", ()) if isinstance(body, Mapping) else ()
    if "Idempotent-Replayed" in headers:
        yield "It was done before with this key; this is the answer of then."
    if "Sunset" in headers or "Deprecation" in headers:
        until = f" It ends: {headers['Sunset']}." if "Sunset" in headers else ""
        yield f"This action is deprecated.{until}"
    if is_verbose:
        yield from (f"{name}: {value}" for name, value in headers.items())
