"""Slack: where colleagues hear of waiting actions and decide on them."""
