"""The only writer of runs, steps, open tasks and messages."""

from .claims import adopt, claim, claim_key, give_back, lease_end, renew, tracks_of
from .definitions import definition_id, graph_of
from .ending import end_all
from .family import Child, begin_children, results_of
from .limits import free_slot, take_slot
from .runs import insert_run
from .settling import FAILED_CHILD, Settled, settle
from .tracks import KEEP, Scope, State, StepRow, Track

__all__ = [
    "FAILED_CHILD",
    "KEEP",
    "Child",
    "Scope",
    "Settled",
    "State",
    "StepRow",
    "Track",
    "adopt",
    "begin_children",
    "claim",
    "claim_key",
    "definition_id",
    "end_all",
    "free_slot",
    "give_back",
    "graph_of",
    "insert_run",
    "lease_end",
    "renew",
    "results_of",
    "settle",
    "take_slot",
    "tracks_of",
]
