"""Do again what failed."""
