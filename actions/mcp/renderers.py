"""The two forms of an answer."""

from __future__ import annotations

from typing import Any

from rest_framework.renderers import BaseRenderer

from .protocol import as_event, encode


class MessageRenderer(BaseRenderer):
    """One JSON object, or several in a batch."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The message; nothing for None."""
        return b"" if data is None else encode(data).encode()


class EventStreamRenderer(MessageRenderer):
    """A stream of one event, for clients that accept nothing else."""

    media_type = "text/event-stream"
    format = "event-stream"

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """The message as an event; nothing for None."""
        return b"" if data is None else as_event(data)
