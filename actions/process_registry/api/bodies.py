r"""What is sent to store a definition.

    {"definition": {"exec": "/path/to/executable"}}     an object: an executable, or a process as JSON
    {"text": "name: Hello\ntasks: []"}                 a text in YAML, which is kept as it is written
    Content-Type: application/yaml                      the text itself

`note` says why, for the list of versions. What else is there is ignored: a row that was fetched can be sent back.
"""

from __future__ import annotations

from django.utils.translation import gettext as _
from rest_framework.request import Request

from actions.body import read_body
from actions.exceptions import ActionError
from actions.process_registry import services
from actions.process_registry.checking import Draft

DEFINITION, TEXT, NOTE = "definition", "text", "note"


def read_draft(request: Request) -> tuple[Draft, str]:
    """The definition that a request brings, checked, and the note to its version.

    Raises:
        ActionError: There is none, or it is wrong (400), or may not be stored by this user (403).
    """
    body = read_body(request)
    if not isinstance(body, dict):
        raise _invalid(_("An object was expected."), DEFINITION, _('Send {"definition": {…}}.'))
    note = body.get(NOTE, "")
    if not isinstance(note, str) or "\x00" in note or len(note) > services.MAX_NOTE:
        raise _invalid(_("The note is not valid."), NOTE, _("A text of at most 500 characters was expected."))
    if TEXT in body and DEFINITION in body:
        raise _invalid(_("Either a definition or a text was expected."), TEXT, _("Leave out one of them."))
    if TEXT in body:
        if not isinstance(body[TEXT], str):
            raise _invalid(_("The text is not valid."), TEXT, _("A text in YAML was expected."))
        return services.check(text=body[TEXT], actor=request.user), note
    if DEFINITION not in body:
        raise _invalid(_("There is no definition."), DEFINITION, _('Send {"definition": {…}}.'))
    return services.check(body[DEFINITION], actor=request.user), note


def _invalid(detail: str, name: str, sentence: str) -> ActionError:
    return ActionError(detail, status=400, code="invalid_definition", errors={name: [sentence]})
