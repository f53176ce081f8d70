"""The action `share`."""
