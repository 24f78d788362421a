"""Agents that are wrong on purpose: the suites are good for as long as they catch each of them."""
