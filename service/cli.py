"""The `remit` command: one console script, errors as sentences, `--json` on whatever reports."""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

import typer

from core.errors import RemitError

# Name -> where it is; only what is asked for is imported, because the vendors' SDKs take seconds.
COMMANDS: Mapping[str, str] = {
    "demo": "demo:demo",
    "serve": "serve:serve",
    "worker": "serve:worker",
    "sandbox": "serve:sandbox",
    "doctor": "doctor:doctor",
    "chat": "chat:chat",
    "triage": "triage:triage",
    "policies": "policies:app",
    "approvals": "approvals:app",
    "autonomy": "autonomy:app",
    "evals": "evals:app",
    "numbers": "numbers:numbers",
    "audit": "audit:app",
    "reconcile": "audit:reconcile",
    "db": "serve:db",
}


def command_line(wanted: Sequence[str] = tuple(COMMANDS)) -> typer.Typer:
    """The command line with these commands."""
    app = typer.Typer(
        name="remit",
        help="A support agent that completes what customers ask for, within its remit.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
    )
    app.callback()(_remit)
    for name in wanted:
        module, _, what = COMMANDS[name].partition(":")
        found = getattr(import_module(f"service.commands.{module}"), what)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def _remit() -> None:
    """A support agent that completes what customers ask for, within its remit."""


def main() -> None:
    """Runs one command; exit 0 done, 1 a problem in words, 2 wrong usage, 130 interrupted."""
    asked = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        command_line((asked,) if asked in COMMANDS else tuple(COMMANDS))()
    except RemitError as error:
        print(f"remit: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
