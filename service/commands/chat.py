"""`remit chat`: be a customer in the terminal."""

import asyncio
from collections.abc import Sequence
from typing import Annotated

import typer

from core.errors import NotFound
from service.actors import Customer, Refused
from service.app import create_app
from service.build import House, house
from service.commands.output import say
from service.demo import ensure_logins, host_app
from service.run import work
from service.settings import load
from store.tables.conversation import EventRow

_HELP = "Write what you want. /yes confirms the open card, /no declines it, /code 123456 enters a code, /person, /quit."


def chat(customer: Annotated[str, typer.Option(help="A customer of the sandbox, by key.")] = "mara") -> None:
    """Talk to Remit as one of the sandbox's customers; held actions wait in `remit approvals list`."""
    asyncio.run(_chat(customer))


async def _chat(key: str) -> None:
    settings = load()
    demo = host_app(settings)
    external_id = key if key.startswith("u_") else f"u_{key}"
    if external_id not in {known.external_id for known in demo.customers}:
        raise NotFound(
            f"The sandbox has no customer {key!r}; try one of those on the /demo page, such as mara."
        )
    async with house(settings, demo=demo) as built:
        await ensure_logins(built)
        worker = asyncio.create_task(work(built), name="worker")
        try:
            await _talk(built, external_id)
        finally:
            worker.cancel()
            await asyncio.gather(worker, return_exceptions=True)


async def _talk(built: House, external_id: str) -> None:
    say(_HELP)
    shown = 0
    async with Customer(create_app(built.service), built, external_id) as customer:
        while True:
            try:
                words = (await asyncio.to_thread(input, "\nYou   ")).strip()
            except EOFError:
                return
            if words in ("/quit", "/q"):
                return
            try:
                await _act(customer, words)
            except Refused as refused:
                say(f"      {refused}")
            rows = await customer.events()
            _show(rows[shown:])
            shown = len(rows)


async def _act(customer: Customer, words: str) -> None:
    match words.split():
        case ["/yes"]:
            await customer.confirm()
        case ["/no"]:
            await customer.decline()
        case ["/code", code]:
            await customer.enter_code(code)
        case ["/person"]:
            await customer.ask_for_person()
        case []:
            pass
        case _:
            await customer.say(words)


def _show(rows: Sequence[EventRow]) -> None:
    for row in rows:
        body = row.body
        if row.kind == "message" and body["author"] != "customer":
            say(f"Remit {body['text']}")
        elif row.kind == "found":
            say(f"      {body['title']}")
            for cells in body["rows"]:
                say(f"        {'   '.join(cells)}")
        elif "action_id" in body:
            say(f"      [{row.kind}] {body.get('title', '')} {body.get('text', '')}".rstrip())
        elif row.kind != "message":
            say(f"      [{row.kind}] {body.get('text', '')}".rstrip())
