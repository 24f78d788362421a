"""What can be done: typed reads and writes over the systems of record."""
