"""`remit audit verify` and `remit reconcile`: is the record whole, and does it match what really happened?"""

import asyncio
from enum import StrEnum
from getpass import getuser
from typing import Annotated

import typer

from approvals.switches import release_restored
from core.clock import SystemClock
from service import findings
from service.build import House, anchor_of, house
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
                await audit.anchor_now(work.conn, anchor)  # cannot stray: the whole chain was just walked
        await store.close()
    return found


class Because(StrEnum):
    """Why the log is anchored anew."""

    RESTORED = "restored"
    LOST = "lost"
    SECOND_MACHINE = "second-machine"


@app.command("reanchor")
def reanchor(
    because: Annotated[Because, typer.Option(help="Why the anchor does not fit, or is not there.")],
    as_json: Json = False,
) -> None:
    """Take the audit log as it is for whole from now on; refused until vendors and record agree."""
    found, rows = asyncio.run(_reanchor(because))
    if as_json:
        report({"ok": rows is not None, "rows": rows, **found.as_document()})
    elif rows is None:
        say(
            f"Not anchored: vendors and record differ. Explain or settle each, then try again.\n{found.as_text()}"
        )
    else:
        say(f"Anchored at row {rows}. Everything may run again.")
    raise typer.Exit(0 if rows is not None else 1)


async def _reanchor(because: Because) -> tuple[Found, int | None]:
    async with house(load()) as built:
        found = await _compared(built)
        if not found.is_equal:
            return found, None
        async with built.service.store.begin() as work:
            rows = await audit.anchor_anew(work.conn, built.anchor, because.value)
            await release_restored(work)
        return found, rows


def reconcile(
    as_json: Json = False,
    explain: Annotated[str | None, typer.Option(help="A finding somebody has looked into.")] = None,
    because: Annotated[str, typer.Option(help="With --explain: what it was.")] = "",
) -> None:
    """Compare the vendors' effects with our own record, in both directions; exit 1 on any difference."""
    found = asyncio.run(_reconcile(explain, because))
    if as_json:
        report(found.as_document())
    else:
        say(found.as_text())
    raise typer.Exit(0 if found.is_clean else 1)


async def _reconcile(finding: str | None, because: str) -> Found:
    async with house(load()) as built:
        parts = built.service.approvals
        if finding is not None:
            await findings.explain(finding, because, by=getuser(), at=parts.clock.now(), parts=parts)
        return await _compared(built)


async def _compared(built: House) -> Found:
    """Everything compared, and what was found kept."""
    parts = built.service.approvals
    found = await compare(parts)
    page = built.settings.oncall_mail
    found.differences = await findings.keep(found.differences, parts, page=page, whole=True)
    return found
