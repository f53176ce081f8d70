"""Actions of the process engine's own models."""
