"""Archive old records."""
