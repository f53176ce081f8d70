"""The action `run`."""
