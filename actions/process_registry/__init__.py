"""The process registry: definitions of programs and of processes over REST, kept in versions, and run.

    INSTALLED_APPS = [..., "actions", "actions.processes", "actions.process_registry"]

A definition is data: whoever may, stores one without a deployment, and what is stored is started like what is in code.
"""
