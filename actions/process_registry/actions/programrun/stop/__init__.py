"""The action `stop`."""
