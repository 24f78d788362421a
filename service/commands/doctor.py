"""`remit doctor`: what is missing, what runs on the sandbox instead, and what to do about it."""

import socket
import sys
from dataclasses import dataclass

import typer

from core.errors import RemitError
from policies.load import load_catalog
from service import paths, runfile
from service.channels import channels_of, people_of
from service.commands.output import Json, report, say
from service.database import opened
from service.settings import VENDORS, Settings, load, missing
from tools.toolset import specs


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `ok`, `note` (works, worth knowing) or `problem`, and what to do."""

    name: str
    kind: str
    text: str


def doctor(as_json: Json = False) -> None:
    """Looks at settings, database, policies, vendors, model and port; exit 1 when something will not work."""
    found = _examine()
    is_well = all(f.kind != "problem" for f in found)
    if as_json:
        report({"ok": is_well, "findings": [{"name": f.name, "kind": f.kind, "text": f.text} for f in found]})
    else:
        marks = {"ok": "ok      ", "note": "note    ", "problem": "PROBLEM "}
        for one in found:
            say(f"{marks[one.kind]} {one.name:10} {one.text}")
    raise typer.Exit(0 if is_well else 1)


def _examine() -> list[Finding]:
    try:
        settings = load()
    except RemitError as error:
        return [Finding("settings", "problem", str(error))]
    return [
        _python(),
        Finding("settings", "ok", f"REMIT_HOME={settings.home}, {settings.env}"),
        _database(settings),
        _policies(),
        *_vendors(settings),
        _model(settings),
        *_channels(settings),
        _port(settings),
    ]


def _python() -> Finding:
    if foreign := paths.foreign_packages():
        return Finding(
            "packages", "problem", f"{', '.join(foreign)} come from elsewhere: use a clean environment"
        )
    return Finding("python", "ok", sys.version.split()[0])


def _database(settings: Settings) -> Finding:
    try:
        with opened(settings):
            where = "REMIT_DATABASE_URL" if settings.database_url else f"embedded, under {settings.home}/pg"
            return Finding("database", "ok", where)
    except RemitError as error:
        return Finding("database", "problem", str(error))


def _policies() -> Finding:
    try:
        catalog = load_catalog(paths.CATALOG, specs())
    except RemitError as error:
        return Finding("policies", "problem", str(error))
    return Finding("policies", "ok", f"{len(catalog.categories)} categories")


def _vendors(settings: Settings) -> list[Finding]:
    lacking = missing(settings)
    found = []
    for vendor in VENDORS:
        if vendor not in lacking:
            if not settings.on_sandbox(vendor):
                found.append(Finding(vendor, "ok", "its own keys"))
            continue
        text = f"on the sandbox; for the real one set {', '.join(lacking[vendor])} (docs/vendors.md)"
        found.append(Finding(vendor, "note", text))
    return found


def _model(settings: Settings) -> Finding:
    if settings.model != "offline":
        return Finding("model", "ok", settings.model)
    if settings.anthropic_api_key is not None:
        return Finding("model", "note", "offline, though ANTHROPIC_API_KEY is set: set REMIT_MODEL to use it")
    return Finding("model", "note", "offline; for Claude set ANTHROPIC_API_KEY and REMIT_MODEL")


def _channels(settings: Settings) -> list[Finding]:
    """Who hears of waiting actions; what cannot be read is a problem before anything starts."""
    try:
        found = channels_of(settings)
        people = people_of(settings.slack_people or "")
    except RemitError as error:
        return [Finding("notices", "problem", str(error))]
    if not found.is_any:
        return [Finding("notices", "note", "nobody is told of waiting actions (docs/notifications.md)")]
    told = [f"mail to {len(found.mail)}"] if found.mail else []
    told += [f"{len(found.hooks)} webhooks"] if found.hooks else []
    told += [f"Slack, where {len(people)} may decide"] if found.slack else []
    return [Finding("notices", "ok", ", ".join(told))]


def _port(settings: Settings) -> Finding:
    running = runfile.read(settings.home)
    if running is not None and "url" in running:
        return Finding("port", "ok", f"already serving at {running['url']}")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            return Finding("port", "problem", f"{settings.port}: {error.strerror}; set REMIT_PORT to another")
    return Finding("port", "ok", str(settings.port))
