"""Recorded runs of real models, replayed through rules, confirmation and ladder."""
