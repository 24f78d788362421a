"""`remit audit verify` and `remit reconcile`: is the record whole, and does it match what really happened?"""

import asyncio

import typer

from core.clock import SystemClock
from service.build import anchor_of, house
from service.commands.output import Json, report, say
from service.database import opened
from service.reconcile import Found, compare
from service.settings import load
from store import audit
from store.work import Store, engine_for

app = typer.Typer(
    help="The audit log: append-only, hash-chained, anchored outside the database.", no_args_is_help=True
)


@app.command("verify")
def verify(as_json: Json = False) -> None:
    """Walk the whole chain and compare it with the anchor; exit 1 names the first row that does not fit."""
    found = asyncio.run(_verify())
    if as_json:
        report({"ok": found.ok, "rows": found.rows, "head": found.head, "problem": found.problem})
    elif found.ok:
        say(f"The audit log is whole: {found.rows} rows, head {found.head[:16]}…")
    else:
        say(f"The audit log is NOT whole: {found.problem} ({found.rows} rows fit before it).")
    raise typer.Exit(0 if found.ok else 1)


async def _verify() -> audit.Verified:
    settings = load()
    anchor = anchor_of(settings)
    with opened(settings) as database:
        store = Store(clock=SystemClock(), engine=engine_for(database.dsn, size=2))
        async with store.begin() as work:
            found = await audit.verify(work.conn, anchor)
            if found.ok:
                await audit.anchor_now(work.conn, anchor)
        await store.close()
    return found


def reconcile(as_json: Json = False) -> None:
    """Compare the vendors' effects with our own record, in both directions; exit 1 on any difference."""
    found = asyncio.run(_reconcile())
    if as_json:
        report(found.as_document())
    else:
        say(found.as_text())
    raise typer.Exit(0 if found.is_clean else 1)


async def _reconcile() -> Found:
    async with house(load()) as built:
        return await compare(built.service.approvals)
