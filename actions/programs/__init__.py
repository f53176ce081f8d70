"""Programs: executables that a definition describes, run within limits that the settings give.

    definition = from_mapping({"exec": "/usr/bin/tr", "argv": ["a-z", "A-Z"], "timeout": 60})
    result = run_program(definition, input=b"hello")          # actions.programs.running

Nothing runs that DJACTION_PROGRAMS does not name. Nothing here needs a database.
"""
