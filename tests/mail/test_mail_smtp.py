"""Mail: the SMTP adapter and the sandbox's mailbox, together and each at its edges."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from pydantic import SecretStr

from core.clock import StillClock
from core.errors import SettingsError, VendorBusy, VendorDown, VendorError, VendorRefused, VendorUnsure
from tools.mail.port import Letter
from tools.mail.smtp import Server, SmtpMail
from tools.sandbox.mailbox import Mailbox, page
from tools.sandbox.world import World

CODE = Letter(
    to="ada@example.com", subject="Your code", text="Your code is 123456.\n\n.\nRemit", key="step_up:1"
)
TAKING: list[str | None] = ["220 x", "250 x", "250 x", "250 x"]


@dataclass
class Post:
    mail: SmtpMail
    world: World
    port: int
    clock: StillClock

    def sender(self, password: str) -> SmtpMail:
        server = Server("127.0.0.1", self.port, user="remit", password=SecretStr(password), tls="none")
        return SmtpMail(server, sender="support@example.com", clock=self.clock)


@pytest.fixture
async def post(clock: StillClock) -> AsyncIterator[Post]:
    world = World(clock=clock)
    mailbox = Mailbox(world, key="canary-key")
    port = await mailbox.start("127.0.0.1", 0)
    made = Post(None, world, port, clock)  # type: ignore[arg-type]
    made.mail = made.sender("canary-key")
    yield made
    await mailbox.stop()


def mails(post: Post) -> list[dict[str, object]]:
    return post.world.find("mail.message")


async def test_letter_arrives_as_written(post: Post) -> None:
    await post.mail.send(CODE)
    (mail,) = mails(post)
    assert (mail["to"], mail["subject"], mail["times"]) == ("ada@example.com", "Your code", 1)
    assert str(mail["text"]).rstrip("\n") == CODE.text
    assert mail["from"] == "Remit <support@example.com>"
    assert mail["at"] == "2026-11-20T12:00:00+00:00"


async def test_other_alphabets_arrive(post: Post) -> None:
    await post.mail.send(
        CODE.model_copy(update={"subject": "Ihr Zugang – über", "text": "Größe 😀 " + "x" * 2000})
    )
    (mail,) = mails(post)
    assert mail["subject"] == "Ihr Zugang – über"
    assert str(mail["text"]).startswith("Größe 😀 xxx")


async def test_same_key_is_kept_once_and_counted(post: Post) -> None:
    await post.mail.send(CODE)
    await post.mail.send(CODE)
    await post.mail.send(CODE.model_copy(update={"key": "step_up:2"}))
    assert sorted(int(str(m["times"])) for m in mails(post)) == [1, 2]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"to": "ada@example.com\r\nBcc: eve@example.net"}, id="newline-in-recipient"),
        pytest.param({"to": "ada@example.com, eve@example.net"}, id="two-recipients"),
        pytest.param({"to": "Ada <ada@example.com>"}, id="display-name"),
        pytest.param({"to": "ada@localhost"}, id="no-domain"),
        pytest.param({"to": ""}, id="nobody"),
        pytest.param({"subject": "Hi\r\nBcc: eve@example.net"}, id="crlf-in-subject"),
        pytest.param({"subject": "Hi\nBcc: eve@example.net"}, id="lf-in-subject"),
        pytest.param({"subject": "Hi\x00"}, id="nul-in-subject"),
        pytest.param({"subject": "Hi\u2028Bcc: eve@example.net"}, id="line-separator-in-subject"),
    ],
)
async def test_header_injection_is_refused_before_anything_is_sent(
    post: Post, change: dict[str, str]
) -> None:
    with pytest.raises(VendorRefused, match="nothing was sent"):
        await post.mail.send(CODE.model_copy(update=change))
    assert mails(post) == []


async def test_wrong_password_is_refused_and_not_told(post: Post) -> None:
    with pytest.raises(VendorRefused) as caught:
        await post.sender("wrong-canary").send(CODE)
    assert "canary" not in str(caught.value)
    assert mails(post) == []


def test_password_never_travels_in_the_open(clock: StillClock) -> None:
    server = Server("mail.example.com", 25, user="remit", password=SecretStr("x"), tls="none")
    with pytest.raises(SettingsError, match="a password needs tls"):
        SmtpMail(server, sender="support@example.com", clock=clock)


async def test_mailbox_with_a_key_takes_nothing_from_strangers(post: Post) -> None:
    stranger = SmtpMail(Server("127.0.0.1", post.port, tls="none"), sender="x@example.com", clock=post.clock)
    with pytest.raises(VendorRefused, match="530"):
        await stranger.send(CODE)
    assert mails(post) == []


async def test_unknown_recipient_is_refused(post: Post) -> None:
    with pytest.raises(VendorRefused, match="550"):
        await post.mail.send(CODE.model_copy(update={"to": "ada@nowhere.invalid"}))


async def test_plain_text_line_is_not_used_where_tls_is_asked_for(post: Post) -> None:
    server = Server("127.0.0.1", post.port, user="remit", password=SecretStr("canary-key"))
    with pytest.raises(VendorDown):
        await SmtpMail(server, sender="support@example.com", clock=post.clock).send(CODE)
    assert mails(post) == []


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        pytest.param([None], VendorDown, id="hung-up-at-once"),
        pytest.param([*TAKING, "354 go", None], VendorUnsure, id="hung-up-after-the-letter"),
        pytest.param([*TAKING, "354 go", ""], VendorUnsure, id="silent-after-the-letter"),
        pytest.param(["220 x", "250 x", "451 later"], VendorBusy, id="greylisted"),
        pytest.param(["220 x", "250 x", "250 x", "550 no"], VendorRefused, id="recipient-refused"),
        pytest.param([*TAKING, "354 go", "554 spam"], VendorRefused, id="letter-refused"),
        pytest.param([*TAKING, "354 go", "250 ok", None], None, id="hung-up-after-taking-it"),
    ],
)
async def test_each_failure_says_who_can_act(
    clock: StillClock, answers: list[str | None], kind: type[VendorError] | None
) -> None:
    async with _Saying(answers) as port:
        mail = SmtpMail(
            Server("127.0.0.1", port, tls="none"), sender="s@example.com", clock=clock, timeout=0.3
        )
        if kind is None:
            await mail.send(CODE)
            return
        with pytest.raises(VendorError) as caught:
            await mail.send(CODE)
        assert type(caught.value) is kind


async def test_server_that_is_not_there_is_down(clock: StillClock) -> None:
    async with _Saying([]) as port:
        pass
    mail = SmtpMail(Server("127.0.0.1", port, tls="none"), sender="s@example.com", clock=clock)
    with pytest.raises(VendorDown):
        await mail.send(CODE)


class _Saying:
    """An SMTP server that says these lines in turn; None hangs up, an empty line is silence."""

    def __init__(self, answers: list[str | None]) -> None:
        self._answers = answers
        self._talks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> int:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def __aexit__(self, *error: object) -> None:
        self._server.close()
        await asyncio.gather(*self._talks)
        await self._server.wait_closed()

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._talks.append(asyncio.create_task(self._talk(reader, writer)))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        before = ""
        for answer in self._answers:
            if before:
                await reader.readuntil(b"\r\n.\r\n" if before.startswith("354") else b"\r\n")
            if answer is None:
                break
            writer.write(f"{answer}\r\n".encode() if answer else b"")
            before = answer
        if self._answers[-1] == "":
            await reader.read()
        writer.close()
        await writer.wait_closed()


async def test_taken_port_says_what_to_do(post: Post) -> None:
    with pytest.raises(SettingsError, match="choose another"):
        await Mailbox(post.world).start("127.0.0.1", post.port)


async def test_page_shows_mails_as_text_and_filters_by_recipient(post: Post) -> None:
    await post.mail.send(CODE)
    await post.mail.send(
        CODE.model_copy(update={"to": "ben@example.com", "text": "<script>x</script>", "key": "b"})
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(page(post.world)), base_url="http://127.0.0.1:99"
    ) as client:
        everything = (await client.get("/")).text
        only = (await client.get("/", params={"to": "ada@example.com"})).text
        foreign = await client.get("/", headers={"host": "evil.example.net"})
    assert "123456" in everything
    assert "<script>" not in everything
    assert "&lt;script&gt;" in everything
    assert "123456" in only
    assert "ben@" not in only
    assert foreign.status_code == 400
