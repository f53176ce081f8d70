"""The process registry over REST."""
