"""Resume runs."""
