"""The action `unshare`."""
