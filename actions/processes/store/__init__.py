"""The only writer of runs, steps, open tasks and messages."""

from .claims import adopt, claim, claim_key, give_back, lease_end, renew, tracks_of
from .definitions import definition_id, graph_of
from .ending import end_all
from .family import Child, begin_children, cancelled_below, payload_of, results_of, started_by
from .inserting import new_run
from .limits import take_slot
from .originals import forget_originals
from .people import close_tasks, open_task, replace_candidates
from .runs import insert_run
from .scope import Scope, State
from .settling import FAILED_CHILD, Settled, settle
from .tracks import KEEP, StepRow, Track
from .turns import free_slot, retry
from .writing import write

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
    "cancelled_below",
    "claim",
    "claim_key",
    "close_tasks",
    "definition_id",
    "end_all",
    "forget_originals",
    "free_slot",
    "give_back",
    "graph_of",
    "insert_run",
    "lease_end",
    "new_run",
    "open_task",
    "payload_of",
    "renew",
    "replace_candidates",
    "results_of",
    "retry",
    "settle",
    "started_by",
    "take_slot",
    "tracks_of",
    "write",
]
