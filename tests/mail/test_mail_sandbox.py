"""A letter's whole way in the open sandbox: the adapter, the mailbox, the admin door and the page."""

import httpx
from pydantic import SecretStr

from core.clock import StillClock
from tools.mail.port import Letter
from tools.mail.smtp import Server, SmtpMail
from tools.sandbox.server import start
from tools.sandbox.world import World


async def test_code_can_be_read_by_the_person_who_tries_the_demo(clock: StillClock) -> None:
    world = World(clock=clock)
    sandbox = await start(world)
    host, port = sandbox.smtp
    server = Server(host, port, user="remit", password=SecretStr(sandbox.key), tls="none")
    mail = SmtpMail(server, sender="support@example.com", clock=clock)
    await mail.send(Letter(to="ada@example.com", subject="Your code", text="It is 482913.", key="k"))
    async with httpx.AsyncClient(trust_env=False) as client:
        key = {"authorization": f"Bearer {sandbox.key}"}
        listed = await client.get(f"{sandbox.admin_url}/mails", params={"to": "ada@example.com"}, headers=key)
        shown = await client.get(sandbox.mailbox_url)
    await sandbox.stop()
    assert [m["text"].strip() for m in listed.json()["mails"]] == ["It is 482913."]
    assert "It is 482913." in shown.text
    assert world.ledger == []
