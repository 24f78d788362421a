"""A small stateful world behind the vendors' own wire formats."""
