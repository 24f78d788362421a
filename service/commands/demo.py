"""`remit demo`: the whole system on the sandbox, no key needed; `--script` tells one story in the terminal."""

import asyncio
import logging
from typing import Annotated

import typer

from service import runfile
from service.build import House, house
from service.commands.output import Json, report, say
from service.demo import ensure_logins, host_app
from service.run import serve_until_stopped
from service.settings import Settings, load
from service.story import tell


def demo(
    script: Annotated[bool, typer.Option("--script", help="Tell one whole story and exit.")] = False,
    as_json: Json = False,
    port: Annotated[int | None, typer.Option(help="Listen here instead of REMIT_PORT.")] = None,
) -> None:
    """Sandbox, service and worker with seeded customers; a killed one goes on where it was."""
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    settings = load()
    if script:
        raise typer.Exit(asyncio.run(_script(settings, as_json=as_json)))
    running = runfile.read(settings.home)
    if running is not None and "url" in running:
        say(f"A demo is already running at {running['url']} (REMIT_HOME={settings.home}).")
        raise typer.Exit(1)
    asyncio.run(_serve(settings, port=port, as_json=as_json))


async def _script(settings: Settings, *, as_json: bool) -> int:
    async with house(settings.without_undo(), demo=host_app(settings)) as built:
        told = await tell(built, (lambda line: None) if as_json else say)
    if as_json:
        report(
            {
                "customer": told.customer,
                "effects": told.effects,
                "review": told.review,
                "ticket_status": told.ticket_status,
                "audit": told.audit,
                "transcript": told.transcript,
            }
        )
    return 0 if told.is_happy else 1


async def _serve(settings: Settings, *, port: int | None, as_json: bool) -> None:
    if not as_json:
        say("Starting PostgreSQL, the sandbox and the service …")
    async with house(settings, demo=host_app(settings)) as built:
        known = await ensure_logins(built)

        def ready(url: str) -> None:
            people = [{"login": k.login, "password": k.password, "roles": list(k.roles)} for k in known]
            sandbox = built.sandbox.noted() if built.sandbox else {}
            runfile.write(settings.home, {"url": url, "logins": people, "sandbox": sandbox})
            if as_json:
                report({"url": url, "logins": people})
            else:
                _say_ready(built, url)
                for person in known:
                    say(f"      {person.login:24} {person.password}   ({', '.join(person.roles)})")
                say("\nStop with Ctrl-C; start it again and everything is still there.")

        try:
            await serve_until_stopped(built, port=port, ready=ready)
        finally:
            runfile.clear(settings.home)


def _say_ready(built: House, url: str) -> None:
    model = built.settings.model
    say(f"\nRemit is ready (model: {model}).\n")
    say(f"  Be a customer      {url}/demo")
    say(f"  Review actions     {url}/console")
    say(f"  Watch the ladder   {url}/ops")
    if built.sandbox and built.sandbox.mailbox_url:
        say(f"  Read the mail      {built.sandbox.mailbox_url}")
    say("\n  Log in as")
