"""The package's own REST resource: the records."""
