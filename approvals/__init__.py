"""The gate, the only executor, the queue, reviews and standings."""
