"""`remit serve`, `worker`, `sandbox` and `db upgrade`: what runs, on how many machines one likes."""

import asyncio
from typing import Annotated

import typer

from core.clock import SystemClock
from service import logs, runfile
from service.build import house
from service.commands.output import say
from service.database import opened
from service.run import serve_until_stopped, work_until_stopped
from service.sandbox import sandbox_for
from service.settings import load
from store import migrate

db = typer.Typer(help="The database.", no_args_is_help=True)


def serve(
    port: Annotated[int | None, typer.Option(help="Listen here instead of REMIT_PORT.")] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="Leave the work to `remit worker`.")] = False,
) -> None:
    """The web service with a worker inside."""

    async def run() -> None:
        settings = load()
        logs.set_up(settings.log)
        async with house(settings) as built:
            await serve_until_stopped(
                built,
                port=port,
                ready=lambda url: say(f"Remit is ready at {url}"),
                with_worker=not no_worker,
            )

    asyncio.run(run())


def worker() -> None:
    """Only background work; run it on any number of machines against the same database."""

    async def run() -> None:
        settings = load()
        logs.set_up(settings.log)
        async with house(settings) as built:
            await work_until_stopped(built, ready=lambda: say("Working. Stop with Ctrl-C."))

    asyncio.run(run())


def sandbox() -> None:
    """Only the sandbox's doors, until stopped; their addresses are printed."""
    asyncio.run(_sandbox())


async def _sandbox() -> None:
    settings = load()
    with opened(settings) as database:
        async with sandbox_for(settings, database.sandbox_dsn, SystemClock()) as doors:
            runfile.write(settings.home, {"sandbox": doors.noted()})
            for vendor, url in doors.urls.items():
                say(f"{vendor:8} {url}")
            say(f"{'admin':8} {doors.admin_url}")
            try:
                await asyncio.Event().wait()
            finally:
                runfile.clear(settings.home)


@db.command("upgrade")
def upgrade() -> None:
    """Bring the database to the schema of this code."""
    settings = load()
    if settings.database_url is not None:
        migrate.upgrade(settings.database_url.get_secret_value())
    else:
        with opened(settings):
            pass  # opening the embedded database migrates it
    say(f"The database is at {migrate.head()}.")
