"""Send messages to runs."""
