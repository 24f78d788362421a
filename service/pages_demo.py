"""The demo's own host app: pick a customer, be signed in as them, get fresh tokens."""

import hashlib
import hmac
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from core.errors import NotFound, Unauthorised
from service import wire
from service.auth import PartsOf
from service.parts import Demo, ServiceParts
from service.render import page
from service.tokens import REFUSAL, mint

router = APIRouter()
_COOKIE = "remit_demo_customer"
_LIFE = 600


@router.get("/demo", include_in_schema=False)
async def demo_page(request: Request, parts: PartsOf) -> Response:
    demo = _demo(parts)
    return page(
        request,
        "demo.html",
        customers=demo.customers,
        company=parts.settings.company,
        current=_current(request, parts),
    )


@router.post("/demo/sign-in", include_in_schema=False)
async def sign_in(
    request: Request, parts: PartsOf, customer: Annotated[str, Form()], at: Annotated[str, Form()] = ""
) -> Response:
    """Remembers who the host app's visitor is, and opens the chat."""
    parts.rates.take("demo", request.client.host if request.client else "unknown")
    if customer not in {known.external_id for known in _demo(parts).customers}:
        raise NotFound("The sandbox has no such customer.")
    answer = RedirectResponse("/chat" + ("?page=billing" if at == "billing" else ""), status_code=303)
    signed = f"{customer}.{_mark(customer, parts)}"
    answer.set_cookie(
        _COOKIE, signed, max_age=86400, httponly=True, samesite="lax", secure=parts.settings.secure
    )
    return answer


@router.post("/demo/token", tags=["demo"])
async def fresh_token(request: Request, parts: PartsOf) -> wire.DemoToken:
    """What a host app's backend does: a short token for the visitor it knows."""
    who = _current(request, parts)
    if who is None:
        raise Unauthorised(REFUSAL)
    settings = parts.settings
    token = mint(
        _demo(parts).key,
        who,
        parts.clock.now(),
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        life=_LIFE,
    )
    return wire.DemoToken(token=token, expires_in=_LIFE)


def _current(request: Request, parts: ServiceParts) -> str | None:
    customer, _, mark = request.cookies.get(_COOKIE, "").rpartition(".")
    fits = hmac.compare_digest(mark.encode(), _mark(customer, parts).encode())
    return customer if customer and fits else None


def _mark(customer: str, parts: ServiceParts) -> str:
    key = _demo(parts).key.key.get_secret_value().encode()
    return hmac.new(key, f"cookie:{customer}".encode(), hashlib.sha256).hexdigest()


def _demo(parts: ServiceParts) -> Demo:
    if parts.demo is None:
        raise NotFound("There is no demo here.")
    return parts.demo
