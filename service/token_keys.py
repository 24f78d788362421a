"""The keys a host app signs customer tokens with, each bound to one algorithm by its kid."""

import json
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, ValidationError

from core.errors import SettingsError


class TokenKey(BaseModel):
    """One key: HS256 with a shared secret of at least 32 bytes, or ES256 with the host's public key (PEM)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    kid: Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]
    alg: Literal["HS256", "ES256"]
    key: SecretStr = Field(min_length=32)


_KEYS = TypeAdapter(tuple[TokenKey, ...])


def parse_keys(text: str) -> tuple[TokenKey, ...]:
    """Keys of `[{"kid": "...", "alg": "HS256", "key": "..."}]`; raises SettingsError."""
    try:
        keys = _KEYS.validate_python(json.loads(text))
    except (ValidationError, ValueError, RecursionError):
        raise SettingsError(
            'REMIT_TOKEN_KEYS must be JSON such as [{"kid": "2026-11", "alg": "HS256", "key": "<32 bytes or more>"}]'
        ) from None
    if len({key.kid for key in keys}) != len(keys):
        raise SettingsError("REMIT_TOKEN_KEYS names the same kid twice")
    return keys
