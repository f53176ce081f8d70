"""This package's own actions, in its own layout."""
