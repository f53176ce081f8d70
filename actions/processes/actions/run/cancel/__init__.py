"""Cancel runs."""
