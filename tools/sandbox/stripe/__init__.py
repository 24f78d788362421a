"""Stripe as the sandbox plays it: API version 2026-10-28.endive, the part that support needs."""
