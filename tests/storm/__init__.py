"""Deaths of those who carry runs out, at every statement, and what has to be true afterwards."""
