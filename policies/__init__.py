"""What may be done: one file per category, rules over typed facts."""
