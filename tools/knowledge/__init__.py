"""The knowledge family: its port, its adapters and its tools."""
