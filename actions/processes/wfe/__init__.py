"""Workflows, steps and jobs over REST: `path("wfe/", include("actions.processes.wfe.urls"))`."""
