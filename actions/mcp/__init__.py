"""The door for AI tools: the Model Context Protocol over HTTP, in the same Django process.

    path("mcp/", MCPView.as_view())

One tool per action that the caller may use. `views` is a DRF view, so authentication, permissions and throttles are
DRF's; `protocol` and `revisions` read messages, `tools` and `schemas` describe actions, `calls` performs them, and
`streaming` reports progress. Nothing is kept between two requests.

Source: modelcontextprotocol.io, revisions 2025-03-26 to 2026-07-28, transport "Streamable HTTP". This package is
`actions.mcp`; the official SDK, which is called `mcp`, is not needed to serve it.
"""

from .views import MCPView

__all__ = ["MCPView"]
