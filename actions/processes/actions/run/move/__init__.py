"""Move runs."""
