"""What needs nothing outside: for a first process, and to look at what arrives."""
