"""What the sandbox's vendors tell by webhook: which events, how signed, and how delivered."""
