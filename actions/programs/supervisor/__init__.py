"""Stands between a worker and a program: a small process that ends the program whenever it has to end.

It runs on the standard library only, so that it is there at once and knows nothing of the project. Its standard streams
are the program's. A socket, the control, carries JSON lines:

    worker      {"command", "cwd", "environment", "limits", "user", …}, once; {"stop": true}; {"done": true}
    supervisor  {"event": "started" | "failed" | "socket" | "ended", …}

Where the control closes, the worker is gone: killed, or it has let go. The program ends then, and so does all that it
has started: its process group, and what has left that, for the supervisor inherits orphans. What the worker would have
removed at the end is removed here.
"""
