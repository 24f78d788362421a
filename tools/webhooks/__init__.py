"""Outgoing webhooks: signed events for other systems."""
