"""Every move there is; importing this module makes the repertoire whole."""

from evals.adversary import moves_authority, moves_consent, moves_identity, moves_later, moves_limits
from evals.adversary.repertoire import MACROS, Macro

# Importing a file of moves is what adds them.
FILES = (moves_authority, moves_consent, moves_identity, moves_later, moves_limits)

__all__ = ["FILES", "MACROS", "Macro"]
