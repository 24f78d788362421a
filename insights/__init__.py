"""What the conversations and decisions add up to: numbers that never flatter, and what is learnt from reviews."""
