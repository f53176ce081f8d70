"""A worker that ends with the process that has started it, also where that is killed.

    python -m actions.processes.workflows.bound_worker <read end of a pipe>

Nobody writes into the pipe. Its other end closes with the process that has it, however that ends; then the worker is
told to stop, as by SIGTERM: it ends the step at hand.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
from threading import Thread

logger = logging.getLogger(__name__)


def main(pipe: int) -> None:
    """Work until it is told to stop, or the pipe closes."""
    # Programs that steps start have nothing to do with it.
    os.set_inheritable(pipe, False)
    Thread(target=_stop_at_end_of, args=[pipe], name="bound worker", daemon=True).start()
    from django.core.management import execute_from_command_line

    execute_from_command_line(["django-admin", "actions_worker"])


def _stop_at_end_of(pipe: int) -> None:
    os.read(pipe, 1)
    logger.warning("Whoever has started this worker is gone: it ends.")
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main(int(sys.argv[1]))
