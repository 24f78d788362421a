"""`remit policies`: check the files, read a category in words, run the examples."""

from pathlib import Path
from typing import Annotated

import typer

from core.errors import Invalid
from policies.examples import run_examples
from policies.explain import explain
from policies.load import load_catalog
from policies.model import Catalog
from service.commands.output import Json, columns, report, say
from service.paths import CATALOG
from tools.toolset import specs

app = typer.Typer(help="The rules: one file per category.", no_args_is_help=True)
Folder = Annotated[Path, typer.Option("--dir", help="Another catalog folder.")]


def _catalog(folder: Path) -> Catalog:
    return load_catalog(folder, specs())


@app.command("check")
def check(folder: Folder = CATALOG, as_json: Json = False) -> None:
    """Load every file: types, names, tools without a rule, limits, procedures; each fault with file:line:column."""
    catalog = _catalog(folder)
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
