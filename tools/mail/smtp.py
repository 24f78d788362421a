"""Outgoing mail over SMTP: one plain-text letter at a time, with a Message-ID made from its key."""

import hashlib
import re
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime
from typing import Literal

import aiosmtplib
from pydantic import SecretStr

from core.clock import Clock
from core.errors import SettingsError, VendorBusy, VendorDown, VendorError, VendorRefused, VendorUnsure
from tools.mail.port import Letter

VENDOR = "mail"
TIMEOUT = 10.0
LONGEST_SUBJECT = 200
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z0-9-]{2,63}")
# What separates header lines, for one reader or another, and the other control characters.
_CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
Tls = Literal["starttls", "implicit", "none"]


@dataclass(frozen=True, slots=True)
class Server:
    """Where mail goes out; `none` is for a server on loopback."""

    host: str
    port: int
    user: str = ""
    password: SecretStr | None = None
    tls: Tls = "starttls"


class SmtpMail:
    """The Mail port on one SMTP server."""

    def __init__(self, server: Server, *, sender: str, clock: Clock, timeout: float = TIMEOUT) -> None:
        if server.tls == "none" and server.password is not None and server.host not in _LOOPBACK:
            raise SettingsError(f"mail server {server.host!r}: a password needs tls 'starttls' or 'implicit'")
        self._server = server
        self._sender = sender
        self._clock = clock
        self._timeout = timeout

    async def send(self, letter: Letter) -> None:
        """Hands it to the server; a repeat carries the same Message-ID, so readers can drop it."""
        message = self._message(letter)
        smtp = aiosmtplib.SMTP(
            hostname=self._server.host,
            port=self._server.port,
            timeout=self._timeout,
            local_hostname=self._sender.partition("@")[2],
            use_tls=self._server.tls == "implicit",
            start_tls=self._server.tls == "starttls",
        )
        try:
            await self._log_in(smtp)
            await self._hand_over(smtp, message, letter.to)
        finally:
            smtp.close()

    def _message(self, letter: Letter) -> EmailMessage:
        if not _ADDRESS.fullmatch(letter.to):
            raise VendorRefused(VENDOR, "the recipient is not a single plain mail address; nothing was sent")
        if _CONTROL.search(letter.subject):
            raise VendorRefused(
                VENDOR, "the subject holds a line break or control character; nothing was sent"
            )
        domain = self._sender.partition("@")[2]
        message = EmailMessage(policy=SMTP_POLICY)
        message["From"] = Address("Remit", addr_spec=self._sender)
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject[:LONGEST_SUBJECT]
        message["Date"] = format_datetime(self._clock.now())
        message["Message-ID"] = f"<{hashlib.sha256(letter.key.encode()).hexdigest()[:40]}@{domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.text)
        return message

    async def _log_in(self, smtp: aiosmtplib.SMTP) -> None:
        """Everything before the letter: whatever goes wrong here, nothing was sent."""
        try:
            await smtp.connect()
            if self._server.password is not None:
                await smtp.login(self._server.user, self._server.password.get_secret_value())
        except aiosmtplib.SMTPAuthenticationError as error:
            raise VendorRefused(VENDOR, f"the server did not take our login ({error.code})") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise VendorDown(VENDOR, f"could not connect ({type(error).__name__})") from None

    async def _hand_over(self, smtp: aiosmtplib.SMTP, message: EmailMessage, to: str) -> None:
        try:
            await smtp.send_message(message, sender=self._sender, recipients=[to])
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _answered(error.recipients[0].code) from None
        except aiosmtplib.SMTPResponseException as error:
            raise _answered(error.code) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise VendorUnsure(VENDOR, f"no answer to the letter ({type(error).__name__})") from None
        try:
            await smtp.quit()
        except (aiosmtplib.SMTPException, OSError):
            # The letter was taken; how the line ended does not matter.
            return


def _answered(code: int) -> VendorError:
    said = f"the server answered {code}"
    return VendorBusy(VENDOR, said) if 400 <= code < 500 else VendorRefused(VENDOR, said)
