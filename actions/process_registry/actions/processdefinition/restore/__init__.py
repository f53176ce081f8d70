"""The action `restore`."""
