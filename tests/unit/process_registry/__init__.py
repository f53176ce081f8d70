"""The process registry without a database."""
