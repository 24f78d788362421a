"""Attacks other people wrote, played by a hijacked model through the real turn and the real gate."""
