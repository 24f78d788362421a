"""The desk family: its port, its adapters and its tools."""
