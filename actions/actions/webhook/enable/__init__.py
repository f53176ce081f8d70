"""Begin anew with a receiver."""
