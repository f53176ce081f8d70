"""What the registry's endpoints read and write: JSON as its first clients know it, and YAML.

Those compare the content type with "application/json" letter by letter, and get it whatever they accept.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, BasicAuthentication
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer

if TYPE_CHECKING:
    from rest_framework.views import APIView

    # What it is mixed into; at run time it inherits from nothing.
    Base = APIView
else:
    Base = object

INDENT = 2
TEXT = "text"


class VerbatimJSONRenderer(JSONRenderer):
    """Two spaces for each level, as the first documents print it, and ASCII: a definition may hold any character."""

    ensure_ascii = True

    def get_indent(self, accepted_media_type: str, renderer_context: Mapping[str, Any]) -> int | None:
        """Always."""
        return INDENT


class AlwaysJSON(DefaultContentNegotiation):
    """There is one form of answers: who accepts another one gets it all the same."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> tuple[Any, str]:
        """The only one."""
        return renderers[0], renderers[0].media_type


class YAMLParser(BaseParser):
    """A body that is a definition in YAML: `{"text": "…"}`. It is read by whoever checks it."""

    media_type = "application/yaml"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> dict[str, str]:
        """The text.

        Raises:
            ParseError: It is not UTF-8.
        """
        try:
            return {TEXT: stream.read().decode("utf-8-sig")}
        except UnicodeDecodeError as error:
            raise ParseError(_("The text is not UTF-8.")) from error


class OldYAMLParser(YAMLParser):
    """By the name that YAML had before it got one."""

    media_type = "application/x-yaml"


class TextYAMLParser(YAMLParser):
    """By another one."""

    media_type = "text/yaml"


class BasicFirstMixin(Base):
    """Has Basic authentication, whatever else the project has: who is not known is asked for it."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Basic, then the view's others. A project's own kind of Basic takes its place."""
        found = super().get_authenticators()
        basic = [each for each in found if isinstance(each, BasicAuthentication)] or [BasicAuthentication()]
        return [*basic, *(each for each in found if each not in basic)]
