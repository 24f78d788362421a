"""Benchmarks: how long things take here, printed with the machine and its load."""
