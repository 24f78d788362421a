"""The billing family: its port, its adapters and its tools."""
