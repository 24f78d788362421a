"""Kills at every point where something becomes durable or leaves the process, and what must hold afterwards."""
