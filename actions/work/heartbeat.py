"""Says that a worker is alive, and whether one is."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable, Iterable
from datetime import timedelta
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from django.db import Error, connections
from django.db.models import QuerySet
from django.utils import timezone

from actions.conf import conf
from actions.models import WorkerHeartbeat

from .background import Background

logger = logging.getLogger(__name__)


def is_worker_alive(using: str) -> bool:
    """Whether a worker for this database was seen within DJACTION_WORKER_TIMEOUT_SECONDS."""
    return WorkerHeartbeat.objects.using(using).filter(seen_at__gte=timezone.now() - _timeout()).exists()


class Heartbeat:
    """Has this process seen as a worker, three times within DJACTION_WORKER_TIMEOUT_SECONDS, whatever else it does.

    A thread of its own does it, so that a piece of work that takes long makes nobody believe that the worker is gone.
    """

    def __init__(self, databases: Iterable[str], *, is_kept: bool = False) -> None:
        """Begin with `with`.

        Args:
            databases: Where the worker works.
            is_kept: Whether it counts as alive after its end until the time is over: for one that cron starts again.
        """
        self.uid = uuid4()
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._databases = list(databases)
        self._is_kept = is_kept
        self._background: Background | None = None

    def __enter__(self) -> Self:
        self._everywhere(self._see)
        self._background = Background("heartbeat", self._beat, self._interval)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._background is not None:
            self._background.close()
        if not self._is_kept:
            self._everywhere(lambda using: self._own(using).delete())

    @property
    def _interval(self) -> float:
        return max(_timeout().total_seconds() / 3, 0.1)

    def _beat(self) -> float:
        self._everywhere(self._see)
        # Not needed before the next time, which is long.
        connections.close_all()
        return self._interval

    def _see(self, using: str) -> None:
        now = timezone.now()
        if not self._own(using).update(seen_at=now, name=self.name):
            # The first time, or another worker has taken this one for dead.
            WorkerHeartbeat.objects.using(using).create(uid=self.uid, name=self.name, seen_at=now)
        WorkerHeartbeat.objects.using(using).filter(seen_at__lt=now - _timeout()).delete()

    def _everywhere(self, write: Callable[[str], Any]) -> None:
        for using in self._databases:
            try:
                write(using)
            except Error as error:
                logger.warning("the heartbeat could not be written: %s", error, extra={"database": using})

    def _own(self, using: str) -> QuerySet[WorkerHeartbeat]:
        return WorkerHeartbeat.objects.using(using).filter(uid=self.uid)


def _timeout() -> timedelta:
    return timedelta(seconds=conf.WORKER_TIMEOUT_SECONDS)
