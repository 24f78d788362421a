"""The identity family: its port, its adapters and its tools."""
