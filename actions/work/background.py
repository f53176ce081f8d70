"""Something that goes on beside the work, in a thread with database connections of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from django.db import connections

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5.0


class Background:
    """Calls a function when it wants to be called, until it is closed."""

    def __init__(self, name: str, beat: Callable[[], float | None], first: float) -> None:
        """Start the thread.

        Args:
            name: For debuggers.
            beat: Does something short, and answers after how many seconds it wants to be called again; None: never.
            first: The wait before the first call.
        """
        self._beat = beat
        self._wait: float | None = first
        self._bell = threading.Event()
        self._is_closed = False
        # A daemon, so that a program that ends without `close` is not kept.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Have the function called at once."""
        self._bell.set()

    def close(self) -> None:
        """Wait for a call that is under way, and end the thread."""
        self._is_closed = True
        self._bell.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while self._wait is not None:
                self._bell.wait(self._wait)
                self._bell.clear()
                if self._is_closed:
                    return
                self._wait = self._safely()
        finally:
            connections.close_all()

    def _safely(self) -> float | None:
        try:
            return self._beat()
        except Exception:
            logger.exception("%s: an error nobody has thought of; it goes on", self._thread.name)
            return RETRY_SECONDS
