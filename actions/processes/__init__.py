"""Processes: actions and tasks as steps of something that survives anything.

A process is a definition of several steps, a run is one execution of it. YAML, a `Workflow` and an `Automation` compile
to one graph (`graph`); `planner` says what is next, `executor` runs it, `store` alone writes the rows, and `services`
is what callers use:

    from actions.processes import services
    run = services.start("signup-request", {"username": "ada"}, actor=request.user)
"""
