"""The mail family: its port, its adapters and its tools."""
