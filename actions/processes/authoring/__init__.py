"""What people write, compiled to the one graph. Pure: no clock, no database; what exists is asked of `names.Names`."""
