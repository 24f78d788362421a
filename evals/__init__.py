"""Suites that run the real path and are graded by the sandbox ledger."""
