"""Logins of colleagues: a random token in a cookie, its digest in the database."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from core.errors import Unauthorised
from service.passwords import is_password
from store.columns import table
from store.tables.people import SessionRow, UserRow
from store.work import Store, Work

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
_TOUCH = timedelta(minutes=1)
_SESSION = table(SessionRow)
_USER = table(UserRow)
WRONG = "Login or password is wrong."


@dataclass(frozen=True, slots=True)
class Colleague:
    """Who is logged in, with which roles, since when, and the token that unsafe requests must carry."""

    id: str
    login: str
    name: str
    roles: frozenset[str]
    authenticated_at: datetime
    csrf: str


def cookie_name(secure: bool) -> str:
    """The session cookie; browsers let only https set a `__Host-` one."""
    return "__Host-remit_session" if secure else "remit_session"


async def log_in(store: Store, login: str, password: str) -> str:
    """A fresh session's token; raises Unauthorised with one sentence whatever was wrong."""
    name = login.strip().lower()
    async with store.begin() as work:
        found = select(_USER).where(_USER.c.login == (name if name.isprintable() else ""))
        user = await work.row(UserRow, found)
    fits = await is_password(password, user.password_hash if user else None)
    if user is None or not fits or user.disabled:
        raise Unauthorised(WRONG)
    token = secrets.token_urlsafe(32)
    async with store.begin() as work:
        await work.add(_fresh(user.id, token, work.now))
        await work.run(delete(_SESSION).where(_SESSION.c.expires_at < work.now))
        work.audit("logged_in", user=user.id)
    return token


async def read(store: Store, token: str, *, touch: bool) -> Colleague | None:
    """The colleague of a live session, None when it ended or never was; `touch` starts its idle time anew."""
    async with store.begin() as work:
        session = await work.row(
            SessionRow, select(_SESSION).where(_SESSION.c.token_digest == _digest(token))
        )
        if session is None or not await _still_lives(work, session, touch=touch):
            return None
        user = await work.row(UserRow, select(_USER).where(_USER.c.id == session.user_id))
    if user is None or user.disabled:
        return None
    return Colleague(
        id=user.id,
        login=user.login,
        name=user.name,
        roles=frozenset(user.roles),
        authenticated_at=session.authenticated_at,
        csrf=session.csrf,
    )


async def log_out(store: Store, token: str) -> None:
    """Ends the session; an unknown one is as good as ended."""
    async with store.begin() as work:
        await work.run(delete(_SESSION).where(_SESSION.c.token_digest == _digest(token)))


def is_csrf(colleague: Colleague, given: str) -> bool:
    """True when the request carries the session's own token."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), colleague.csrf.encode())


def _fresh(user_id: str, token: str, now: datetime) -> SessionRow:
    return SessionRow(
        token_digest=_digest(token),
        user_id=user_id,
        csrf=secrets.token_urlsafe(24),
        authenticated_at=now,
        seen_at=now,
        expires_at=now + ABSOLUTE,
    )


async def _still_lives(work: Work, session: SessionRow, *, touch: bool) -> bool:
    mine = _SESSION.c.token_digest == session.token_digest
    if work.now >= session.expires_at or work.now >= session.seen_at + IDLE:
        await work.run(delete(_SESSION).where(mine))
        return False
    if touch and work.now - session.seen_at >= _TOUCH:
        await work.run(update(_SESSION).where(mine).values(seen_at=work.now))
    return True


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
