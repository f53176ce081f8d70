"""Why a definition is not stored.

ActionError
├── InvalidDefinitionError      400: something is wrong with it; `problems` and `errors` have all of it
├── DefinitionTakenError        409: another definition, or the code, has a process of this id
└── UnknownDefinitionError      404: there is no such definition or version, for this user
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from actions.exceptions import ActionError, DefinitionProblem


class InvalidDefinitionError(ActionError):
    """All that is wrong with a definition, each with its place."""

    status = 400
    code = "invalid_definition"
    default_detail = _("The definition is not valid.")

    def __init__(self, problems: Iterable[DefinitionProblem]) -> None:
        """Say all of it: by path for programs, with line and column for editors."""
        self.problems = tuple(problems)
        errors: dict[str, list[str]] = {}
        for each in self.problems:
            sentence = f"{each.message} {each.remedy}".rstrip()
            errors.setdefault(".".join(map(str, ("definition", *each.path))), []).append(sentence)
        super().__init__(errors=errors, extra={"problems": [_plain(each) for each in self.problems]})


class DefinitionTakenError(ActionError):
    """The id of a process is another one's."""

    status = 409
    code = "taken"


class UnknownDefinitionError(ActionError):
    """There is none, or it is somebody else's."""

    status = 404
    code = "not_found"
    default_detail = _("There is no such definition.")


def _plain(problem: DefinitionProblem) -> dict[str, Any]:
    return {
        "path": list(problem.path),
        "line": problem.line,
        "column": problem.column,
        "message": problem.message,
        "remedy": problem.remedy,
    }
