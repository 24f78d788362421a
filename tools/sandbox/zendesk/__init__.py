"""Zendesk as the sandbox has it."""
