"""The crm family: its port, its adapters and its tools."""
