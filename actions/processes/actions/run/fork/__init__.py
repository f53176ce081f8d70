"""Fork runs."""
