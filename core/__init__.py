"""The words of Remit: frozen types without network, database, clock or environment."""
