"""The adversary: a model that is fully compromised, played against the real gate and judged by the sandbox's ledger."""
