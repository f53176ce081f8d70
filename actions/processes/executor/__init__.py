"""The only caller of steps: takes runs that are held as far as they go."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence

from actions.moments import now
from actions.processes.models import Run
from actions.processes.store import Track, adopt, claim, claim_key, give_back

from .connection import is_in_transaction
from .drive import Drive, never
from .position import facts_of
from .programs import Programs, VanishedError
from .starting import find_process, hash_of, own_unique_key, prepare, unique_key_of
from .step import actor_of

__all__ = [
    "Programs",
    "VanishedError",
    "actor_of",
    "facts_of",
    "find_process",
    "go_on_inline",
    "hash_of",
    "is_in_transaction",
    "look_again",
    "own_unique_key",
    "prepare",
    "take_next",
    "unique_key_of",
    "work_on",
]

MOST_TAKES = 100
"""A turn that has to come to an end (`actions_worker --once`, `automation_step`) takes a run no more often than that:
what falls due again as soon as it was looked at would keep it for ever."""


def go_on_inline(tracks: list[Track], using: str) -> dict[int, Run]:
    """Take runs that are held as far as they go, while the caller waits; those that have ended, by key."""
    return Drive(using, is_inline=True).run(tracks)


def work_on(run_id: int, fence: int, *, using: str, should_stop: Callable[[], bool] = never) -> bool:
    """Take a run that was handed over as far as it goes.

    Args:
        run_id: Its key.
        fence: The one that it was handed over with.
        using: The database.
        should_stop: Asked between steps; the run is then given back.

    Returns:
        False where somebody else has it, or it is over: the message came twice, or too late.
    """
    track = adopt(run_id, fence, using)
    if track is None:
        return False
    Drive(using, is_inline=False, should_stop=should_stop).run([track])
    return True


def look_again(run_id: int, *, using: str, is_inline: bool = True) -> bool:
    """Take a certain run if it is due; False where it is not, or somebody has it."""
    track = claim_key(run_id, using)
    if track is None:
        return False
    Drive(using, is_inline=is_inline).run([track])
    return True


def take_next(
    using: str,
    *,
    queue: str = "default",
    limit: int = 1,
    should_stop: Callable[[], bool] = never,
    taken: Counter[Hashable] | None = None,
) -> int:
    """Take the runs that have been due longest, and work on them.

    Args:
        using: The database.
        queue: Of the runs.
        limit: How many at the most.
        should_stop: Asked between steps; what is left then is given back.
        taken: How often this turn has taken each run, of one that has to come to an end; see `MOST_TAKES`.

    Returns:
        How many there were, without those that are left for the next turn.
    """
    tracks = claim(using, queue=queue, limit=limit)
    if taken is not None:
        tracks = _not_too_often(tracks, taken, using)
    cut_off = [track for track in tracks if track.run.attempts > 1]
    others = [track for track in tracks if track.run.attempts <= 1]
    if cut_off:
        # One of them may be what ends its workers: each is worked on alone, so that it takes no other one with it.
        give_back(cut_off[1:], now(), using, counts=False)
    for group in (others, cut_off[:1]):
        if group:
            Drive(using, is_inline=False, should_stop=should_stop).run(group)
    return len(tracks)


def _not_too_often(tracks: Sequence[Track], taken: Counter[Hashable], using: str) -> list[Track]:
    taken.update((using, track.run.id) for track in tracks)
    give_back([each for each in tracks if taken[using, each.run.id] > MOST_TAKES], now(), using, counts=False)
    return [each for each in tracks if taken[using, each.run.id] <= MOST_TAKES]
