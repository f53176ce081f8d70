"""Template tags: `{% load processes %}`."""
