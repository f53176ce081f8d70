"""Real archivers, killed and run side by side: `manage.py archive_actions` in processes of their own."""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from uuid import UUID

import pytest
from django.db import connection

from actions.models import ArchiveBatch, EventAction
from tests.programs import Program
from tests.records import assert_all_are_archived, assert_none_is_lost, in_files, in_table, make_events

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE_SECONDS = 60.0


class Archiver:
    """`manage.py archive_actions` on the test's database."""

    def __init__(self, destination: str, folder: Path, batch_size: int) -> None:
        environ = {
            "ARCHIVE_DATABASE": str(connection.settings_dict["NAME"]),
            "ARCHIVE_DESTINATION": destination,
            "ARCHIVE_FOLDER": str(folder),
            "ARCHIVE_BATCH_SIZE": str(batch_size),
        }
        self.process = Program("archive_actions", settings="tests.acceptance.archive_settings", environ=environ)

    def kill_at_work(self, delay: float) -> None:
        """Wait until it has begun, and some seconds longer, and kill it."""
        before, deadline = EventAction.objects.count(), time.monotonic() + PATIENCE_SECONDS
        begun_before = set(ArchiveBatch.objects.values_list("uid", flat=True))
        while EventAction.objects.count() == before and not self._has_begun(begun_before):
            assert self.process.poll() is None, "it ended before it could be killed"
            assert time.monotonic() < deadline, "it has not begun"
            time.sleep(0.002)
        time.sleep(delay)
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()
        assert self.process.returncode == -signal.SIGKILL, "it was not at work any more"

    def count(self) -> int:
        """Wait for its end; how many records it says it has moved."""
        output, _ = self.process.communicate(timeout=PATIENCE_SECONDS)
        assert self.process.returncode == 0
        found = re.search(r"default: (\d+) records? archived", output)
        assert found, output
        return int(found[1])

    @staticmethod
    def _has_begun(before: set[UUID]) -> bool:
        return bool(set(ArchiveBatch.objects.values_list("uid", flat=True)) - before)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Archiver]]:
    """Starts archivers; those that a failed test leaves are ended."""
    started: list[Archiver] = []

    def make(destination: str, batch_size: int) -> Archiver:
        started.append(Archiver(destination, tmp_path, batch_size))
        return started[-1]

    yield make
    for archiver in started:
        if archiver.process.poll() is None:
            archiver.process.kill()
            archiver.process.communicate()


def _archived(destination: str, folder: Path) -> Callable[[], list[UUID]]:
    return in_table if destination == "table" else lambda: in_files(folder)


@pytest.mark.parametrize(("destination", "kills"), [("files", 8), ("table", 4)])
def test_a_killed_archiver_loses_nothing_and_the_next_one_goes_on(
    destination: str, kills: int, start: Callable[..., Archiver], tmp_path: Path
) -> None:
    random = Random(f"{destination} 2026")  # noqa: S311 - instants, no secrets
    archived = _archived(destination, tmp_path)
    uids = [event.uid for event in make_events(2000)]
    left_unfinished = 0
    for _ in range(kills):
        start(destination, batch_size=5).kill_at_work(random.uniform(0, 0.06))
        assert_none_is_lost(uids, archived())
        left_unfinished += ArchiveBatch.objects.exists()
    assert destination == "table" or left_unfinished, "no kill has hit a batch under way"
    assert EventAction.objects.exists(), "the last ones had nothing to do"
    start(destination, batch_size=1000).count()
    assert_all_are_archived(uids, archived())


@pytest.mark.parametrize("destination", ["files", "table"])
def test_two_archivers_at_once_move_each_record_once(
    destination: str, start: Callable[..., Archiver], tmp_path: Path
) -> None:
    uids = [event.uid for event in make_events(600)]
    archivers = [start(destination, batch_size=10) for _ in range(2)]
    counts = [archiver.count() for archiver in archivers]
    assert sum(counts) == len(uids)
    assert_all_are_archived(uids, _archived(destination, tmp_path)())
