"""Customer tokens: a good one works, every mutation of it gets one and the same refusal."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import SecretStr

from core.errors import Unauthorised
from service.token_keys import TokenKey
from service.tokens import REFUSAL, Tokens, accept, mint

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
AT = int(NOW.timestamp())
SHARED = TokenKey(kid="shared", alg="HS256", key=SecretStr("k" * 32))
OTHER = TokenKey(kid="other", alg="HS256", key=SecretStr("o" * 32))
_PRIVATE = ec.generate_private_key(ec.SECP256R1())
_PEM = _PRIVATE.public_key().public_bytes(
    serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
)
CURVE = TokenKey(kid="curve", alg="ES256", key=SecretStr(_PEM.decode()))
GOOD: Mapping[str, Any] = {
    "iss": "host",
    "aud": "remit",
    "sub": "u_1",
    "iat": AT,
    "nbf": AT,
    "exp": AT + 600,
    "jti": "t1",
}


def tokens() -> Tokens:
    return accept([SHARED, OTHER, CURVE], issuer="host", audience="remit")


def signed(claims: Mapping[str, Any], *, key: Any = "k" * 32, alg: str = "HS256", **header: Any) -> str:
    return jwt.encode(dict(claims), key, algorithm=alg, headers={"kid": "shared", **header})


def with_claims(**changed: Any) -> str:
    return signed({k: v for k, v in {**GOOD, **changed}.items() if v is not None})


def unsigned(header: Mapping[str, Any]) -> str:
    parts = (json.dumps(header), json.dumps(dict(GOOD)))
    return ".".join(base64.urlsafe_b64encode(p.encode()).rstrip(b"=").decode() for p in parts) + "."


def flipped(token: str) -> str:
    head, body, mac = token.split(".")
    return f"{head}.{body}.{('A' if mac[0] != 'A' else 'B') + mac[1:]}"


def written(body: str, head: str = '{"alg": "HS256", "kid": "shared"}') -> str:
    """Signed with the right key over exactly these texts, which no library would write."""
    text = ".".join(base64.urlsafe_b64encode(part.encode()).rstrip(b"=").decode() for part in (head, body))
    mac = hmac.new(b"k" * 32, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def swapped(token: str, old: str, new: str) -> str:
    head, body, mac = token.split(".")
    text = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode()
    assert old in text
    changed = base64.urlsafe_b64encode(text.replace(old, new).encode()).rstrip(b"=").decode()
    return f"{head}.{changed}.{mac}"


def signed_with_the_public_key() -> str:
    """The public key used as a shared secret: PyJWT refuses to make it, so it is made by hand."""
    head, body = unsigned({"alg": "HS256", "kid": "curve"}).split(".")[:2]
    mac = hmac.new(_PEM, f"{head}.{body}".encode(), hashlib.sha256).digest()
    return f"{head}.{body}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


BAD: Mapping[str, Callable[[], str]] = {
    "empty": lambda: "",
    "not-a-token": lambda: "a.b.c",
    "no-dots": lambda: "abc",
    "far-too-long": lambda: "a" * 5000,
    "binary": lambda: "\x00\xff.\x00.\x00",
    "flipped-signature": lambda: flipped(with_claims()),
    "cut-signature": lambda: with_claims()[:-4],
    "alg-none": lambda: unsigned({"alg": "none", "kid": "shared"}),
    "alg-none-in-capitals": lambda: unsigned({"alg": "NONE", "kid": "shared"}),
    "other-key-same-kid": lambda: signed(GOOD, key="x" * 32),
    "kid-of-another-key": lambda: signed(GOOD, kid="other"),
    "unknown-kid": lambda: signed(GOOD, kid="nobody"),
    "kid-missing": lambda: jwt.encode(dict(GOOD), "k" * 32, algorithm="HS256"),
    "hs512-with-the-right-key": lambda: signed(GOOD, key="k" * 64, alg="HS512"),
    "public-key-as-shared-secret": signed_with_the_public_key,
    "es256-under-hs-kid": lambda: signed(GOOD, key=_PRIVATE, alg="ES256"),
    "jku-header": lambda: signed(GOOD, jku="https://elsewhere.example.com/keys"),
    "crit-header": lambda: signed(GOOD, crit=["x"], x=1),
    "other-issuer": lambda: with_claims(iss="someone"),
    "other-audience": lambda: with_claims(aud="other"),
    "audience-list": lambda: with_claims(aud=["remit", "other"]),
    "no-issuer": lambda: with_claims(iss=None),
    "no-audience": lambda: with_claims(aud=None),
    "no-subject": lambda: with_claims(sub=None),
    "no-iat": lambda: with_claims(iat=None),
    "no-exp": lambda: with_claims(exp=None),
    "no-nbf": lambda: with_claims(nbf=None),
    "no-jti": lambda: with_claims(jti=None),
    "expired": lambda: with_claims(iat=AT - 900, nbf=AT - 900, exp=AT - 60),
    "lives-too-long": lambda: with_claims(exp=AT + 901),
    "issued-61-s-ahead": lambda: with_claims(iat=AT + 61, exp=AT + 600),
    "not-before-61-s-ahead": lambda: with_claims(nbf=AT + 61),
    "ends-before-it-starts": lambda: with_claims(iat=AT + 30, exp=AT + 20),
    "exp-as-text": lambda: with_claims(exp=str(AT + 600)),
    "exp-as-fraction": lambda: with_claims(exp=AT + 600.5),
    "exp-as-true": lambda: with_claims(exp=True),
    "subject-empty": lambda: with_claims(sub=""),
    "subject-with-quote": lambda: with_claims(sub="u_1' or 1=1"),
    "subject-too-long": lambda: with_claims(sub="u" * 65),
    "subject-a-number": lambda: with_claims(sub=7),
    "subject-in-another-script": lambda: with_claims(sub="u_\u0661"),
    "subject-twice": lambda: written('{"sub": "u_2", ' + json.dumps(dict(GOOD))[1:]),
    "kid-twice": lambda: written(json.dumps(dict(GOOD)), '{"kid": "other", "alg": "HS256", "kid": "shared"}'),
    "kid-a-path": lambda: signed(GOOD, kid="../../etc/hostname"),
    "kid-a-list": lambda: written(json.dumps(dict(GOOD)), '{"kid": ["shared"], "alg": "HS256"}'),
    "email-swapped": lambda: swapped(with_claims(email="ada@example.com"), "ada@", "eve@"),
    "subject-swapped": lambda: swapped(with_claims(), "u_1", "u_2"),
    "revoked-key": lambda: signed(GOOD, key="r" * 32, kid="revoked"),
    "key-of-another-deployment": lambda: signed(GOOD, key="d" * 32, kid="demo"),
    "deeply-nested": lambda: written("[" * 1_500),
}


@pytest.mark.parametrize("made", [pytest.param(make, id=name) for name, make in BAD.items()])
def test_every_bad_token_is_refused_alike(made: Callable[[], str]) -> None:
    with pytest.raises(Unauthorised) as refused:
        tokens().read(made(), NOW)
    assert str(refused.value) == REFUSAL


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(with_claims(), id="plain"),
        pytest.param(with_claims(exp=AT + 900), id="fifteen-minutes"),
        pytest.param(with_claims(iat=AT + 60, exp=AT + 600), id="clock-60-s-ahead"),
        pytest.param(with_claims(iat=AT - 800, nbf=AT - 800, exp=AT - 59), id="within-leeway"),
        pytest.param(signed(GOOD, key=_PRIVATE, alg="ES256", kid="curve"), id="es256"),
        pytest.param(signed(GOOD, key="o" * 32, kid="other"), id="second-key"),
    ],
)
def test_good_token_names_its_subject(token: str) -> None:
    assert tokens().read(token, NOW).sub == "u_1"


def test_a_key_that_was_taken_away_speaks_for_nobody_and_the_new_one_does() -> None:
    token = signed(GOOD)
    assert tokens().read(token, NOW).sub == "u_1"
    rotated = accept([OTHER], issuer="host", audience="remit")
    with pytest.raises(Unauthorised):
        rotated.read(token, NOW)
    assert rotated.read(signed(GOOD, key="o" * 32, kid="other"), NOW).sub == "u_1"


def test_a_token_written_by_hand_is_good_when_nothing_is_wrong_with_it() -> None:
    assert tokens().read(written(json.dumps(dict(GOOD))), NOW).sub == "u_1"


def test_minted_token_is_read_until_it_ends() -> None:
    token = mint(SHARED, "u_7", NOW, issuer="host", audience="remit", life=300)
    assert tokens().read(token, NOW + timedelta(seconds=359)).until == NOW + timedelta(seconds=300)
    with pytest.raises(Unauthorised):
        tokens().read(token, NOW + timedelta(seconds=360))
