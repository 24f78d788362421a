"""Composition: web, command line, workers; the only room that builds things."""
