"""`remit policies`: check the files, read a category in words, run the examples, weigh a change on what is stored."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from core.errors import Invalid, PolicyFileError
from core.money import Money
from policies.diff import Move, diff, examples_of, replay
from policies.examples import run_examples
from policies.explain import explain
from policies.load import load_catalog
from policies.model import Catalog
from policies.review import review
from service.commands.output import Json, columns, report, say
from service.paths import CATALOG
from service.stored import stored_actions
from tools.toolset import specs

app = typer.Typer(help="The rules: one file per category.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option("--dir", help="Another catalog folder.")]


def _catalog(folder: Path) -> Catalog:
    return load_catalog(folder, specs())


@app.command("check")
def check(folder: Folder = CATALOG, as_json: Json = False) -> None:
    """Every fault with file:line:column: types, names, tools without a rule, limits, rules that never decide, examples."""
    catalog = _catalog(folder)
    faults = [
        line
        for name, policy in catalog.categories.items()
        for line in review(folder / f"{name}.yaml", policy)
    ]
    if faults:
        raise PolicyFileError("\n".join(faults))
    rules = sum(len(policy.rules) for policy in catalog.categories.values())
    if as_json:
        report({"ok": True, "categories": len(catalog.categories), "rules": rules})
    else:
        say(f"{len(catalog.categories)} categories, {rules} rules: nothing is wrong.")


@app.command("explain")
def explain_category(
    category: Annotated[str, typer.Argument(help="Such as refund_request.")],
    folder: Folder = CATALOG,
    as_json: Json = False,
) -> None:
    """One category in the sentences that model, customer and approver see."""
    catalog = _catalog(folder)
    policy = catalog.get(category)
    if policy is None:
        raise Invalid(f"There is no category {category!r}; known: {', '.join(sorted(catalog.categories))}")
    told = explain(policy)
    if as_json:
        report(told.model_dump(mode="json"))
    else:
        say(told.text())


@app.command("test")
def run_tests(folder: Folder = CATALOG, as_json: Json = False) -> None:
    """Run every example of every file; exit 1 when one does not get the verdict it names."""
    rows = run_examples(_catalog(folder))
    failed = [row for row in rows if not row.passed]
    if as_json:
        report(
            {
                "examples": len(rows),
                "failed": [row.model_dump(mode="json") for row in failed],
                "rows": [{**row.model_dump(mode="json"), "passed": row.passed} for row in rows],
            }
        )
    else:
        shown = [(r.category, r.id, r.tool, r.expect, r.got, "ok" if r.passed else "FAILED") for r in rows]
        columns([("category", "example", "tool", "expect", "got", ""), *shown])
        say(f"\n{len(rows) - len(failed)} of {len(rows)} examples hold.")
    raise typer.Exit(1 if failed else 0)


@app.command("diff")
def show_diff(
    old: Annotated[Path, typer.Argument(help="A catalog folder: the rules as they are.")],
    new: Annotated[Path, typer.Argument(help="A catalog folder: the rules as they would be.")],
    as_json: Json = False,
) -> None:
    """Which stored actions would get another verdict under NEW: counts, money, and one witness each."""
    before, after = _catalog(_folder(old)), _catalog(_folder(new))
    actions = asyncio.run(stored_actions())
    moves = diff(before, after, actions)
    examples = diff(before, after, examples_of(before))
    if as_json:
        report(
            {
                "actions": len(actions),
                "changed": sum(move.count for move in moves),
                "moves": [move.model_dump(mode="json") for move in moves],
                "examples_changed": sum(move.count for move in examples),
                "example_moves": [move.model_dump(mode="json") for move in examples],
            }
        )
        return
    _say_moves(moves)
    say(f"{sum(m.count for m in moves)} of {len(actions)} stored actions would change their verdict.")
    if examples:
        say("\nOf the examples in OLD:")
        _say_moves(examples)


@app.command("backtest")
def backtest(
    since: Annotated[str, typer.Option(help="A date such as 2026-11-01, or a time in UTC.")],
    folder: Folder = CATALOG,
    as_json: Json = False,
) -> None:
    """Judge stored actions again on their stored facts; exit 1 if a verdict of the same version does not repeat."""
    found = replay(_catalog(folder), asyncio.run(stored_actions(_time(since))))
    if as_json:
        report({**found.model_dump(mode="json"), "ok": not found.mismatches})
    else:
        _say_moves(found.moves)
        say(
            f"{found.actions} actions since {since}: {found.same_version} judged by these very rules, "
            f"{len(found.mismatches)} of them otherwise than stored."
        )
        for action in found.mismatches:
            say(f"  not repeated: {action}")
    raise typer.Exit(1 if found.mismatches else 0)


def _folder(path: Path) -> Path:
    if not path.is_dir():
        raise Invalid(f"{path}: no such folder; give a folder of category files")
    return path


def _time(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid(f"{text!r} is no date; write it such as 2026-11-01") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _say_moves(moves: Sequence[Move]) -> None:
    rows = [
        (
            move.category,
            move.tool,
            f"{move.before} -> {move.after}",
            str(move.count),
            ", ".join(str(Money(amount, currency)) for currency, amount in move.money.items()) or "-",
            f"{move.witness.action}: {', '.join(move.witness.before)} -> {', '.join(move.witness.after)}",
        )
        for move in moves
    ]
    columns([("category", "tool", "verdict", "actions", "money", "witness"), *rows] if rows else [])
