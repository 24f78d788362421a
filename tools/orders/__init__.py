"""The orders family: its port, its adapters and its tools."""
