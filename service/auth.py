"""Who asks: a customer by a token of the host app, a colleague by a login; nobody by anything else."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from approvals.parts import Reviewer
from core.conversation import Principal
from core.errors import Forbidden, Unauthorised
from service import customers, sessions
from service.parts import ServiceParts
from service.sessions import Colleague
from service.tokens import REFUSAL

ROLES = ("approver", "ops", "evaluator", "admin")
ANY_ROLE = frozenset(ROLES)
_SAFE = frozenset({"GET", "HEAD"})


def parts_of(request: Request) -> ServiceParts:
    """What this application was built from."""
    found = request.app.state.parts
    assert isinstance(found, ServiceParts)  # set by create_app
    return found


PartsOf = Annotated[ServiceParts, Depends(parts_of)]


@dataclass(frozen=True, slots=True)
class Customer:
    """The verified customer of this request, and when their token ends."""

    who: Principal
    until: datetime


async def customer(request: Request, parts: PartsOf) -> Customer:
    """The bearer of the request's token; raises Unauthorised."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme != "Bearer" or not token:
        raise Unauthorised(REFUSAL)
    bearer = parts.tokens.read(token, parts.clock.now())
    return Customer(await customers.principal(bearer.sub, parts.approvals), bearer.until)


CustomerOf = Annotated[Customer, Depends(customer)]


async def colleague(
    request: Request, parts: PartsOf, x_csrf_token: Annotated[str, Header()] = ""
) -> Colleague:
    """Who is logged in; an unsafe request must carry the session's own token (header, or field of a form)."""
    token = request.cookies.get(sessions.cookie_name(parts.settings.secure), "")
    found = await sessions.read(parts.store, token, touch=_by_a_person(request)) if token else None
    if found is None:
        raise Unauthorised("Log in to go on.")
    if request.method not in _SAFE and not sessions.is_csrf(
        found, x_csrf_token or await _form_token(request)
    ):
        raise Forbidden("This page is out of date. Load it again and repeat what you did.")
    request.state.colleague = found
    return found


def _by_a_person(request: Request) -> bool:
    """False for what a page fetches by itself: an open tab alone keeps no login alive."""
    return request.headers.get("x-remit-background") != "1"


async def _form_token(request: Request) -> str:
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return ""
    return str((await request.form()).get("csrf", ""))


def having(*roles: str) -> Callable[..., Coroutine[Any, Any, Colleague]]:
    """A dependency: the colleague logged in, if they have one of these roles."""

    async def check(who: Annotated[Colleague, Depends(colleague)]) -> Colleague:
        if not who.roles & set(roles):
            raise Forbidden(f"This needs the role {' or '.join(roles)}; your login has {_listed(who.roles)}.")
        return who

    return check


ReaderOf = Annotated[Colleague, Depends(having(*ROLES))]
ApproverOf = Annotated[Colleague, Depends(having("approver", "admin"))]
HandlerOf = Annotated[Colleague, Depends(having("approver", "ops", "admin"))]
OpsOf = Annotated[Colleague, Depends(having("ops", "admin"))]


def reviewer(who: Colleague) -> Reviewer:
    """The colleague as approvals knows them."""
    return Reviewer(id=who.id, name=who.name, roles=who.roles, authenticated_at=who.authenticated_at)


def _listed(roles: frozenset[str]) -> str:
    return ", ".join(sorted(roles)) or "none"
