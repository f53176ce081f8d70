"""Where the steps of runs are carried out: DJACTION_RUNNER.

    "inline"    by whoever starts the run, until it waits; nothing is handed over
    "worker"    by `manage.py actions_worker`, which is only woken
    "tasks"     by the workers of a backend of Django's Tasks framework
    "celery", "dramatiq"
    "a.b.C"     by a class of the project's own, see `Runner`

What is handed over is a number: the rows hold the truth. A message that is lost does no harm, as the run falls due
again with its lease and is handed over anew by `actions_worker`, which runs besides in any case. Nor does one that
comes twice, as the fence that it names is good for one claim.
"""

from .base import INLINE, KNOWN, QueueRunner, Runner, carry_out, get_runner, load, runner_path
from .checks import check_runner

__all__ = [
    "INLINE",
    "KNOWN",
    "QueueRunner",
    "Runner",
    "carry_out",
    "check_runner",
    "get_runner",
    "load",
    "runner_path",
]
