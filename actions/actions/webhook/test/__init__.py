"""Send a message to see whether it arrives."""
