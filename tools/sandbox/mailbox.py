"""The sandbox's mailbox: an SMTP server that keeps every mail in the world, and a page to read them."""

import asyncio
import hmac
import logging
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from typing import Any
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.errors import SettingsError
from tools.sandbox.world import Record, World

KIND = "mail.message"
LARGEST = 256_000
SHOWN = 100


class Mailbox:
    """Listens on loopback; with a `key` it takes mail only from `remit` with that password."""

    def __init__(self, world: World, *, key: str | None = None) -> None:
        self._world = world
        self._key = key
        self._server: asyncio.Server | None = None
        self._open: WeakSet[Any] = WeakSet()

    async def start(self, host: str, port: int) -> int:
        """Begins to listen; the port it got (0 asks for any)."""
        # It warns about an attribute that its own code sets at each login.
        logging.getLogger("mail.log").setLevel(logging.ERROR)
        try:
            self._server = await asyncio.get_running_loop().create_server(self._connection, host, port)
        except OSError as error:
            raise SettingsError(
                f"port {port} for the sandbox's mailbox cannot be opened ({error.strerror}); choose another"
            ) from None
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Hangs up and stops listening; what was acknowledged is kept."""
        if self._server is None:
            return
        self._server.close()
        for connection in list(self._open):
            if connection.transport is not None:
                connection.transport.close()
        await self._server.wait_closed()
        self._server = None

    def _connection(self) -> Any:
        made = SMTP(
            self,
            hostname="sandbox.example.com",
            ident="Remit sandbox mailbox",
            data_size_limit=LARGEST,
            # Loopback only, so the password may travel without TLS.
            auth_require_tls=False,
            authenticator=self._authenticated,
            timeout=30,
        )
        self._open.add(made)
        return made

    def _authenticated(
        self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        known = isinstance(data, LoginPassword) and self._key is not None
        right = (
            known
            and data.login == b"remit"
            and hmac.compare_digest(data.password, (self._key or "").encode())
        )
        return AuthResult(success=right, handled=right)

    async def handle_MAIL(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._key is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        # A domain that never exists (RFC 2606) stands for a mail that bounces at once.
        if address.endswith(".invalid"):
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:
        content = envelope.content
        raw = content.encode() if isinstance(content, str) else content or b""
        message = message_from_bytes(raw, policy=policy.default)
        async with self._world.change() as change:
            for address in envelope.rcpt_tos:
                record = _record(message, address, at=change.now.isoformat())
                key = f"{record['message_id']} {address}"
                earlier = change.get(KIND, key)
                change.put(
                    KIND, key, record if earlier is None else {**earlier, "times": earlier["times"] + 1}
                )
        return "250 OK"


def _record(message: EmailMessage, to: str, *, at: str) -> Record:
    body = message.get_body(preferencelist=("plain",))
    return {
        "to": to,
        "from": str(message["from"] or ""),
        "subject": str(message["subject"] or ""),
        "text": str(body.get_content()).replace("\r\n", "\n") if body is not None else "",
        "message_id": str(message["message-id"] or f"<none at {at}>"),
        "at": at,
        "times": 1,
    }


def page(world: World) -> Starlette:
    """The mailbox to look at in a browser: all mails newest first, or those to `?to=`."""

    async def show(request: Request) -> Response:
        to = request.query_params.get("to")
        found = world.find(KIND, **({} if to is None else {"to": to}))
        mails = sorted(found, key=lambda m: m["at"], reverse=True)[:SHOWN]
        return HTMLResponse(_html(mails, to), headers=_HEADERS)

    # Only by its loopback names: a foreign page must not read codes here by way of DNS.
    guard = Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])
    return Starlette(routes=[Route("/", show, methods=["GET"])], middleware=[guard])


_HEADERS: Mapping[str, str] = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}
_STYLE = """
:root { color-scheme: light dark; --line: light-dark(#d8dce2, #343a44); --quiet: light-dark(#57606a, #9aa4b2); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 0 auto; padding: 1.5rem 1rem; }
h1 { font-size: 1.25rem; } h2 { font-size: 1rem; margin: 0; }
article { border: 1px solid var(--line); border-radius: 8px; padding: 1rem; margin: 1rem 0; }
p.meta { color: var(--quiet); font-size: .875rem; margin: .25rem 0 .75rem; overflow-wrap: anywhere; }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
label, input, button { font: inherit; } input { min-width: 16rem; max-width: 100%; }
"""


def _html(mails: list[Record], to: str | None) -> str:
    listed = "".join(_article(m) for m in mails) or "<p>No mail yet.</p>"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sandbox mailbox</title><style>{_STYLE}</style></head>
<body><main><h1>Sandbox mailbox</h1>
<p class="meta">Every mail Remit sent lands here and nowhere else. Reload to see new ones.</p>
<form method="get"><label for="to">To</label>
<input id="to" name="to" type="email" value="{escape(to or "")}"> <button>Show</button> <a href="/">All</a></form>
{listed}</main></body></html>"""


def _article(mail: Record) -> str:
    again = f" · sent {mail['times']} times, kept once" if mail["times"] > 1 else ""
    return (
        f"<article><h2>{escape(mail['subject'])}</h2>"
        f'<p class="meta">to {escape(mail["to"])} · {escape(mail["at"][:16].replace("T", " "))} UTC{again}</p>'
        f"<pre>{escape(mail['text'])}</pre></article>"
    )
