"""Pages: nothing is counted or skipped, and the last one is as quick as the first."""

from __future__ import annotations

from typing import Any

from actions.api.views import EventPagination


class RunPagination(EventPagination):
    """Newest first."""


class OldestFirst(EventPagination):
    """In the order in which they were written."""

    ordering = "id"

    def page_at(self, queryset: Any, request: Any, address: str | None) -> tuple[list[Any], str | None, str | None]:
        """One page at an address of its own, with those of the next and the previous one: it may stand with a run.

        Raises:
            NotFound: The cursor is none of ours.
        """
        rows = self.paginate_queryset(queryset, request) or []
        self.base_url = address or self.base_url
        return rows, self.get_next_link(), self.get_previous_link()
