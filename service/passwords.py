"""Passwords of colleagues: salted scrypt from the standard library."""

import asyncio
import base64
import hashlib
import hmac
import secrets

# 16 MB and about 50 ms per try; the numbers are stored with each hash, so they can be raised later.
_N, _R, _P = 2**14, 8, 1
LONGEST = 200
_NOBODY = (
    f"scrypt${_N}${_R}${_P}${base64.b64encode(bytes(16)).decode()}${base64.b64encode(bytes(32)).decode()}"
)


def hash_password(password: str) -> str:
    """A storable hash of `password` with a fresh salt."""
    salt = secrets.token_bytes(16)
    made = _scrypt(password, salt, _N, _R, _P)
    return f"scrypt${_N}${_R}${_P}${base64.b64encode(salt).decode()}${base64.b64encode(made).decode()}"


async def is_password(password: str, stored: str | None) -> bool:
    """True when it fits; as slow for an unknown login (`stored` None) as for a wrong password."""
    return await asyncio.to_thread(_fits, password, stored or _NOBODY) and stored is not None


def _fits(password: str, stored: str) -> bool:
    kind, n, r, p, salt, made = stored.split("$")
    if kind != "scrypt" or len(password) > LONGEST:
        return False
    again = _scrypt(password, base64.b64decode(salt), int(n), int(r), int(p))
    return hmac.compare_digest(again, base64.b64decode(made))


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    # scrypt's HMAC pads short keys with zero bytes, so "x" and "x\0" would be one password without this.
    whole = hashlib.sha256(password.encode("utf-8", "surrogatepass")).digest()
    return hashlib.scrypt(whole, salt=salt, n=n, r=r, p=p, dklen=32, maxmem=2**26)
