"""Keep only the newest secret."""
