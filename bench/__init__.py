"""What the package costs, beside the same written by hand: `python -m bench`."""
