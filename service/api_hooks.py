"""/v1/hooks: where vendors send their webhooks; checked on the raw bytes, stored, then answered."""

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request

from service import webhooks, wire
from service.auth import PartsOf
from service.errors import ErrorBody
from tools.identity import okta_hooks

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 404, 413, 415, 503)
}
router = APIRouter(prefix="/v1/hooks", tags=["webhooks"], responses=_ERRORS)


@router.post("/{vendor}")
async def take_webhook(vendor: str, request: Request, parts: PartsOf) -> wire.Done:
    """A vendor's webhook; 400 and nothing changed unless it is signed with a secret of ours."""
    hints = webhooks.checked(vendor, await request.body(), request.headers, parts)
    await webhooks.keep(hints, parts.approvals)
    return wire.Done()


@router.get("/okta")
async def prove_endpoint(
    request: Request, parts: PartsOf, x_okta_verification_challenge: Annotated[str, Header()] = ""
) -> wire.Challenge:
    """Okta's one-time question whether this address is ours: its challenge, given back."""
    okta_hooks.require_secret(request.headers, webhooks.secrets_of("okta", parts))
    return wire.Challenge(verification=x_okta_verification_challenge[:200])
