"""The `remit` command: one console script, errors as sentences, `--json` on whatever reports."""

import sys

import typer

from core.errors import RemitError
from service.commands import approvals, audit, autonomy, chat, demo, doctor, evals, policies, serve, triage

app = typer.Typer(
    name="remit",
    help="A support agent that completes what customers ask for, within its remit.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("demo")(demo.demo)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("sandbox")(serve.sandbox)
app.command("doctor")(doctor.doctor)
app.command("chat")(chat.chat)
app.command("triage")(triage.triage)
app.command("reconcile")(audit.reconcile)
app.add_typer(policies.app, name="policies")
app.add_typer(approvals.app, name="approvals")
app.add_typer(autonomy.app, name="autonomy")
app.add_typer(evals.app, name="evals")
app.add_typer(audit.app, name="audit")
app.add_typer(serve.db, name="db")


def main() -> None:
    """Runs one command; exit 0 done, 1 a problem in words, 2 wrong usage, 130 interrupted."""
    try:
        app()
    except RemitError as error:
        print(f"remit: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
