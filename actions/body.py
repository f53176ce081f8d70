"""The body of a request, read so that whatever was sent is data or a clear refusal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException

from .exceptions import PayloadTooLargeError, UnsupportedEncodingError
from .problem import UNREADABLE, to_body_error

if TYPE_CHECKING:
    from rest_framework.request import Request


def read_body(request: Request) -> Any:
    """The parsed body: JSON values, or a MultiValueDict of strings and files.

    Raises:
        PayloadTooLargeError: It is larger than DATA_UPLOAD_MAX_MEMORY_SIZE; DRF looks at that for its own parsers only.
        UnsupportedEncodingError: Its charset is none, or none for text.
        ActionError: It is not what its content type says (400, 415).
    """
    meta = request.META
    content_type = meta.get("CONTENT_TYPE", "")
    if ";" in content_type:
        _check_charset(content_type)
    if not content_type.startswith("multipart/"):
        _check_size(meta.get("CONTENT_LENGTH"))
    try:
        return request.data
    except (APIException, *UNREADABLE) as error:
        raise to_body_error(error) from error


def _check_size(content_length: str | None) -> None:
    limit: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = int(content_length) if content_length and content_length.isdecimal() else 0
    if limit is not None and length > limit:
        detail = _("The request body has %(length)s bytes; %(limit)s are allowed.")
        raise PayloadTooLargeError(detail % {"length": length, "limit": limit})


def _check_charset(content_type: str) -> None:
    for parameter in content_type.split(";")[1:]:
        name, _equals, value = parameter.partition("=")
        charset = value.strip().strip('"')
        if name.strip().lower() != "charset" or not charset:
            continue
        try:
            "".encode(charset)
        except (LookupError, ValueError) as error:
            detail = _('"%(charset)s" is not a charset that text can be sent in. Send UTF-8.')
            raise UnsupportedEncodingError(detail % {"charset": charset[:40]}) from error
