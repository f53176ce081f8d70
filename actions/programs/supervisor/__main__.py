"""`python -I -S …/supervisor/__main__.py FD`: the control is an open socket."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

# At the end, so that nothing there hides a module of Python's own.
sys.path.append(str(Path(__file__).resolve().parents[3]))

from actions.programs.supervisor.lifetime import Supervisor

if __name__ == "__main__":
    Supervisor(socket.socket(fileno=int(sys.argv[1]))).run()
