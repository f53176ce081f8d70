"""Texts of definitions as a page shows them."""

from __future__ import annotations

import re
from typing import Any

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

_CODE = re.compile(r"`([^`\n]+)`")


def with_code(text: Any) -> SafeString:
    """The text escaped, and what stands between backticks as code: Swagger reads the same texts as Markdown."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped before
