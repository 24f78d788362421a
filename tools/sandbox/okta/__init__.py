"""Okta's door: users, factors, sessions and the system log, in Okta's own wire format."""
