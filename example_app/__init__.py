"""A small project that uses all of DJ Actions, in public names only: todos in lists, and what can be done with them."""
