"""Customer tokens: short-lived JWTs by which the host app says who is talking."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from pydantic import SecretStr

from core.errors import Unauthorised
from core.ids import is_id, new_id
from service.token_keys import TokenKey

LONGEST_LIFE = 15 * 60
LEEWAY = 60
_CLAIMS = ("iss", "aud", "sub", "iat", "exp", "nbf", "jti")
# One answer to every bad token: which check failed is nobody's business outside.
REFUSAL = "Your sign-in has ended or is not valid. Sign in again to go on; nothing you wrote was lost."


@dataclass(frozen=True, slots=True)
class Bearer:
    """Who a good token speaks for, and until when."""

    sub: str
    until: datetime


@dataclass(frozen=True)
class Tokens:
    """Checks tokens of one issuer for one audience."""

    keys: Mapping[str, TokenKey]
    issuer: str
    audience: str

    def read(self, token: str, now: datetime) -> Bearer:
        """The bearer; raises Unauthorised with one and the same sentence for every bad token."""
        try:
            claims = self._claims(token)
        except (jwt.PyJWTError, ValueError, TypeError, RecursionError):
            raise Unauthorised(REFUSAL) from None
        if not self._timely(claims, now.timestamp()) or not _is_subject(claims["sub"]):
            raise Unauthorised(REFUSAL)
        return Bearer(sub=claims["sub"], until=datetime.fromtimestamp(claims["exp"], UTC))

    def _claims(self, token: str) -> Mapping[str, Any]:
        if len(token) > 4096:
            raise ValueError("too long")
        _refuse_doubles(token)
        header = jwt.get_unverified_header(token)
        key = self.keys.get(str(header.get("kid")))
        # The key decides the algorithm, never the token: no "none", no public key used as a shared secret.
        if key is None or header.get("alg") != key.alg or set(header) - {"alg", "kid", "typ"}:
            raise ValueError("unknown key")
        return jwt.decode(
            token,
            key.key.get_secret_value(),
            algorithms=[key.alg],
            audience=self.audience,
            issuer=self.issuer,
            # Times are checked below, against the clock handed in.
            options={
                "require": list(_CLAIMS),
                "verify_exp": False,
                "verify_nbf": False,
                "verify_iat": False,
                "strict_aud": True,
            },
        )

    def _timely(self, claims: Mapping[str, Any], now: float) -> bool:
        times = [claims["iat"], claims["nbf"], claims["exp"]]
        if not all(type(at) is int for at in times):
            return False
        issued, not_before, ends = (int(at) for at in times)
        started = issued <= now + LEEWAY and not_before <= now + LEEWAY
        return started and now < ends + LEEWAY and 0 < ends - issued <= LONGEST_LIFE


def _refuse_doubles(token: str) -> None:
    """A name given twice means one thing to one reader and another to the next; raises ValueError."""
    for part in token.split(".")[:2]:
        json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)), object_pairs_hook=_once)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    named = dict(pairs)
    if len(named) != len(pairs):
        raise ValueError("a name stands twice")
    return named


def _is_subject(sub: object) -> bool:
    return isinstance(sub, str) and is_id(sub)


def accept(keys: Sequence[TokenKey], *, issuer: str, audience: str) -> Tokens:
    """A checker for these keys."""
    return Tokens({key.kid: key for key in keys}, issuer, audience)


def demo_key(secret: bytes) -> TokenKey:
    """The key of the demo's own host app, derived from our secret."""
    made = hmac.new(secret, b"demo host app", hashlib.sha256).hexdigest()
    return TokenKey(kid="demo", alg="HS256", key=SecretStr(made))


def mint(key: TokenKey, sub: str, now: datetime, *, issuer: str, audience: str, life: int = 600) -> str:
    """What a host app does: a token for `sub`. Used by the demo's host app and by tests."""
    at = int(now.timestamp())
    claims = {
        "iss": issuer,
        "aud": audience,
        "sub": sub,
        "iat": at,
        "nbf": at,
        "exp": at + life,
        "jti": new_id("tok"),
    }
    return jwt.encode(claims, key.key.get_secret_value(), algorithm=key.alg, headers={"kid": key.kid})
