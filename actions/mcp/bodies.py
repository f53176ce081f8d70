"""The body of a request, as far as it is not the protocol's business."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.core.exceptions import RequestDataTooBig
from django.http import UnreadablePostError
from django.utils.translation import gettext as _

from actions.exceptions import ActionError
from actions.problem import to_body_error
from actions.terms import PLAIN, read_terms

from .protocol import INVALID_REQUEST, ProtocolError

if TYPE_CHECKING:
    from rest_framework.request import Request


def read(request: Request) -> bytes:
    """The bytes.

    Raises:
        ProtocolError: They are more than DATA_UPLOAD_MAX_MEMORY_SIZE, or the client went away.
    """
    try:
        return request._request.body  # noqa: SLF001 - DRF documents it
    except (RequestDataTooBig, UnreadablePostError) as error:
        refused = to_body_error(error)
        raise ProtocolError(refused.status, refused.detail, status=refused.status) from error


def refuse_terms(request: Request) -> None:
    """Refuse headers that would change a call at the REST door: here they would be passed over in silence.

    Raises:
        ProtocolError: There is one.
    """
    try:
        is_plain = read_terms(request.headers, {}) == PLAIN
    except ActionError:
        is_plain = False
    if not is_plain:
        detail = _("Say it in the arguments of the tool: dry_run, idempotency_key, etag, plan, respond_async.")
        raise ProtocolError(INVALID_REQUEST, detail, status=400)
