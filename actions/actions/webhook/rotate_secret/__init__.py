"""Make a new secret."""
