"""What can be done with runs of programs."""
