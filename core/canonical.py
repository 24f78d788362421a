"""Canonical JSON and digests: the same thing always hashes the same."""

import hashlib
import json
from datetime import datetime
from typing import Any

from core.clock import require_utc


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return require_utc(value).isoformat(timespec="microseconds").replace("+00:00", "Z")
    if isinstance(value, (set, frozenset)):
        return sorted(str(v) for v in value)
    raise TypeError(f"cannot be hashed canonically: {value!r}")


def canonical_json(value: Any) -> str:
    """JSON with sorted keys, no spaces, UTC times; raises TypeError or ValueError for floats that are not finite."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    )


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, as 64 hex digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
