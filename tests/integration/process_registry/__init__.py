"""The process registry with a database."""
