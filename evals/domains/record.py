"""What the records and arguments of every domain have in common: frozen, and money in cents."""

import math
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Record(BaseModel):
    """Frozen; fields nobody asks for are left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Args(BaseModel):
    """Frozen; no argument may be missing, and none may be added."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _cents(value: Any) -> Any:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return round(value * 100) if is_number else value


Cents = Annotated[int, BeforeValidator(_cents)]
"""Written in dollars, kept in cents."""
