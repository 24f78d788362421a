"""The docs name everything that exists, and nothing that does not."""

import contextlib
import importlib.metadata
import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
import yaml
from packaging.requirements import Requirement
from typer.testing import CliRunner

from core import errors
from core.actions import ARROWS
from evals import customers, scenario, steps
from insights.measures import MEASURES, band_in_words, baseline_in_words
from policies.examples import run_examples
from policies.load import load_catalog
from policies.model import AlwaysEscalate, Autonomy, CategoryFile, Example, Limit, Limits, Rule
from policies.procedure import KINDS
from service.app import create_app
from service.cli import command_line
from service.settings import Settings
from store import tables
from store.events import EventKind
from tools.toolset import specs

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")])
Commands = dict[str, Any]  # typer's own command type is not public
# Commands that print and stop within a moment; the rest are only parsed.
CHEAP = ("policies check", "policies explain", "policies test", "evals list")
# psycopg says of itself LGPL-3.0-only; jwcrypto comes with okta. Both are used unchanged, as libraries.
LGPL = {"psycopg", "psycopg-binary", "psycopg-pool", "jwcrypto"}


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def marked(text: str) -> set[str]:
    """Everything between backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.fixture(scope="module")
def commands() -> Commands:
    """Every command by its words, such as `policies check`."""
    return dict(walk(typer.main.get_command(command_line()), ()))


def walk(command: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words), command
        return
    for name, one in inner.items():
        yield from walk(one, (*words, name))


def options(command: Any) -> set[str]:
    return {name for p in command.params if p.param_type_name == "option" for name in p.opts} - {"--help"}


def sections(text: str) -> Iterator[tuple[str, str]]:
    """(command, the words that describe it): a heading's section, or a table's row."""
    for part in re.split(r"^(?=#+ )", text, flags=re.MULTILINE):
        if found := re.match(r"#+ `remit ([a-z -]+?)(?: [A-Z\[].*)?`", part):
            yield found[1], part
        for row in re.findall(r"^\| `remit .*$", part, flags=re.MULTILINE):
            found = re.match(r"\| `remit ([a-z -]+?)(?: [A-Z\[].*?)?`", row)
            assert found is not None, row
            shared = re.sub(r"^\|.*$", "", part, flags=re.MULTILINE)
            yield found[1], row + shared


def test_every_command_is_in_the_docs_with_its_options(commands: Commands) -> None:
    described = dict(sections(page("commands.md")))
    for words, command in commands.items():
        assert words in described, f"docs/commands.md does not name `remit {words}`"
        missing = {name for name in options(command) if name not in described[words]}
        assert missing == set(), f"remit {words}"


def test_the_docs_name_no_command_that_does_not_exist(commands: Commands) -> None:
    groups = {words.split()[0] for words in commands if " " in words}
    assert {words for words, _ in sections(page("commands.md"))} - groups <= set(commands)
    known = {name for command in commands.values() for name in options(command)} | {"--help"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", page("commands.md"))) <= known


def blocks() -> list[Any]:
    """Every `$ remit …` line of the blocks marked as console."""
    found = []
    for path in PAGES:
        for block in re.findall(r"^```console\n(.*?)^```", path.read_text(), flags=re.MULTILINE | re.DOTALL):
            found += [
                pytest.param(line[2:], id=f"{path.name}: {line[2:]}")
                for line in block.splitlines()
                if line.startswith("$ ")
            ]
    return found


@pytest.mark.parametrize("line", blocks())
def test_shell_blocks_are_commands(line: str, commands: Commands) -> None:
    remit, *words = shlex.split(line)
    assert remit == "remit"
    name = max((n for n in commands if words[: len(n.split())] == n.split()), key=len)
    rest = words[len(name.split()) :]
    with commands[name].make_context(name, list(rest)) as context:  # raises for an unknown option or argument
        assert context.params.keys() == {p.name for p in commands[name].params} - {"help"}
        if name.startswith(CHEAP):
            ran = CliRunner().invoke(command_line((words[0],)), words)
            assert ran.exit_code == 0, ran.output


def test_every_setting_is_in_the_docs() -> None:
    known = {str(field.alias) for field in Settings.model_fields.values()}
    text = page("settings.md")
    assert known - marked(text) == set()
    prefixes = "REMIT|ANTHROPIC|STRIPE|OKTA|AUTH0|HUBSPOT|SHOPIFY|ZENDESK|SMTP"
    for path in PAGES:
        named = set(re.findall(rf"`((?:{prefixes})_[A-Z0-9_]*[A-Z0-9])(?:=[^`]*)?`", path.read_text()))
        assert named - known == set(), path.name


def test_the_defaults_in_the_docs_are_the_defaults() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", page("settings.md"), flags=re.MULTILINE))
    defaults = {str(f.alias): f.default for f in Settings.model_fields.values()}
    assert rows
    assert rows == {name: str(defaults[name]).replace("False", "false") for name in rows}


def test_every_error_code_is_in_the_docs_with_its_status() -> None:
    text = page("api.md")
    known = {
        one.code: one.status
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, errors.RemitError)
    }
    for code, status in known.items():
        assert f"`{code}`" in text, code
        if code not in ("policy_file", "settings", "tool_failed"):
            assert re.search(rf"^\| {status} \|[^|]*`{code}`", text, flags=re.MULTILINE), (code, status)
    others = {"origin", "method", "content_type"}  # said by the guard and by the router
    table = "\n".join(re.findall(r"^\| [45]\d\d \|([^|]*)\|", text, flags=re.MULTILINE))
    assert marked(table) == set(known) - {"policy_file", "settings", "tool_failed"} | others


def test_every_field_of_a_category_is_in_the_docs() -> None:
    models = (CategoryFile, Rule, Limits, Limit, AlwaysEscalate, Autonomy, Example, *KINDS.values())
    known = {info.alias or name for model in models for name, info in model.model_fields.items()}
    assert known - marked(page("policies.md")) == set()


def test_the_whole_file_in_the_docs_loads_and_its_examples_hold(tmp_path: Path) -> None:
    found = re.search(r"```yaml\n(.*?)```", page("policies.md"), flags=re.DOTALL)
    assert found is not None
    (tmp_path / "late_delivery.yaml").write_text(found[1])
    rows = run_examples(load_catalog(tmp_path, specs()))
    assert [row.id for row in rows if not row.passed] == []
    assert {row.expect for row in rows} == {"allow", "escalate", "deny"}


def test_every_field_of_a_scenario_is_in_the_docs() -> None:
    models = (
        scenario.Scenario,
        scenario.Expect,
        scenario.ExpectedEffect,
        steps.Say,
        steps.Press,
        steps.Code,
        steps.Review,
        steps.Fault,
        customers.Brief,
        customers.Fact,
    )
    known = {info.alias or name for model in models for name, info in model.model_fields.items()}
    assert known - marked(page("evals.md")) == set()


def test_the_scenario_in_the_docs_is_one() -> None:
    found = re.search(r"```yaml\n(.*?)```", page("evals.md"), flags=re.DOTALL)
    assert found is not None
    for document in yaml.safe_load(found[1]):
        whole = {"category": "duplicate_charge", **document}
        assert scenario.Scenario.model_validate(whole, strict=False).steps


def test_every_endpoint_is_in_the_docs() -> None:
    parts: Any = SimpleNamespace(
        demo=object(),
        settings=SimpleNamespace(public_url=None, token_url=None, token_origins=None),
        hub=None,
        turns=None,
    )
    described = create_app(parts).openapi()["paths"]
    known = {f"{method.upper()} {path}" for path, methods in described.items() for method in methods}
    named = {m for m in marked(page("api.md")) if re.match(r"(GET|POST|PUT|PATCH|DELETE) /", m)}
    assert known - named == set()
    assert named - known == set()


def test_every_event_is_in_the_docs() -> None:
    stored = re.findall(
        r"^\| `(\w+)` \|", page("api.md").split("## Events")[1].split("## Errors")[0], re.MULTILINE
    )
    assert set(stored) - {"kind"} == set(EventKind.__args__)  # type: ignore[attr-defined]


def test_every_table_is_in_the_architecture() -> None:
    named = {str(getattr(tables, name).__tablename__) for name in tables.__all__}
    assert named - marked(page("architecture.md")) == set()


def test_every_job_is_in_the_architecture() -> None:
    text = page("architecture.md").split("## Jobs")[1].split("## ")[0]
    jobs = re.findall(r'@app\.task\(\s*name="(\w+)"', (ROOT / "service" / "jobs.py").read_text())
    assert jobs
    assert set(jobs) == set(re.findall(r"^\| `(\w+)`", text, flags=re.MULTILINE))


def test_every_way_of_make_is_in_the_docs() -> None:
    found = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert found is not None
    named = {word.removeprefix("make ") for word in marked(page("commands.md")) if word.startswith("make ")}
    assert named == set(found[1].split()) - {"help"}


def test_every_state_and_arrow_of_an_action_is_drawn() -> None:
    drawn = set(re.findall(r"^    (\w+) --> (\w+)", page("architecture.md"), flags=re.MULTILINE))
    ends = {"refused", "rejected", "expired", "withdrawn", "replaced"}
    arrows = {(start, end) for start, stops in ARROWS.items() for end in stops}
    assert drawn == {arrow for arrow in arrows if arrow[1] not in ends}
    assert ends <= marked(page("architecture.md"))


def test_every_number_is_defined_in_the_docs_as_in_the_code() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` (.*)$", page("numbers.md"), flags=re.MULTILINE))
    assert set(rows) == set(MEASURES)
    for key, one in MEASURES.items():
        for words in (one.title, one.definition, band_in_words(one), one.band.why, baseline_in_words(one)):
            assert words in rows[key], key


def test_files_named_in_the_docs_exist() -> None:
    tops = "service|evals|insights|agent|approvals|tools|policies|store|core|tests|docs"
    lost = [
        f"{path.name}: {name}"
        for path in PAGES
        for name in re.findall(rf"`((?:{tops})/[\w/.-]+\.\w+)`", path.read_text())
        if not (ROOT / name).exists()
    ]
    assert lost == []


def test_links_lead_somewhere() -> None:
    dead = []
    for path in PAGES:
        for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text()):
            name, _, anchor = target.partition("#")
            if "://" in target:
                continue
            file = path if not name else (path.parent / name).resolve()
            if not file.exists() or (anchor and anchor not in anchors(file)):
                dead.append(f"{path.name}: {target}")
    assert dead == []


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.+)$", path.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_decision_is_listed() -> None:
    notes = {path.name for path in (DOCS / "decisions").glob("*.md")} - {"README.md"}
    assert set(re.findall(r"\]\(([\w-]+\.md)\)", page("decisions/README.md"))) == notes


def test_every_direct_dependency_is_looked_at() -> None:
    declared = {
        Requirement(line).name.lower()
        for line in importlib.metadata.requires("remit") or []
        if "extra" not in line or "'dev'" in line or '"dev"' in line
    }
    rows = dict(re.findall(r"^\| ([\w-]+) \| (\d[\w.]*) \|", page("decisions/dependencies.md"), re.MULTILINE))
    assert declared == set(rows)
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert rows == {name: locked[name] for name in rows}


def test_nothing_locked_is_under_the_gpl() -> None:
    under = set()
    for name in re.findall(r"^([\w.-]+)==", (ROOT / "requirements.txt").read_text(), flags=re.MULTILINE):
        try:
            about = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another platform
        said = [about.get("License-Expression") or (about.get("License") or "").partition("\n")[0]]
        said += [c for c in about.get_all("Classifier") or [] if c.startswith("License")]
        if re.search(r"\bA?L?GPL|GNU", " ".join(said)):
            under.add(name)
            assert re.search(r"LGPL|Lesser", " ".join(said)), name
    assert under == LGPL


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    """Every text file of the project, by its path."""
    found = {}
    for folder, inner, files in os.walk(ROOT):
        # Hidden folders hold no work of ours, but for the one of the CI.
        inner[:] = [name for name in inner if not name.startswith(".") or name == ".ci"]
        inner[:] = [name for name in inner if name != "__pycache__" and not name.endswith(".egg-info")]
        for path in (Path(folder) / name for name in files if name != ".env"):
            with contextlib.suppress(UnicodeDecodeError, FileNotFoundError):
                found[path.relative_to(ROOT).as_posix()] = path.read_text(encoding="utf-8")
    return found


def test_no_file_names_a_machine_or_a_registry(texts: dict[str, str]) -> None:
    told = re.compile(
        r"/home/\w+|/root/|/work/(main|shared|brief)|files\.pythonhosted\.org|--(extra-)?index-url"
    )
    ours = {"Makefile", "tests/docs/test_docs.py"}  # make lock says that none is to be written
    assert [name for name, text in texts.items() if name not in ours and told.search(text)] == []
    assert "://" not in texts["requirements.txt"]


def test_mail_addresses_are_invented(texts: dict[str, str]) -> None:
    # evil.net is what tests of the outbound filter hold up against us; the `user@` of a web address is no mail.
    mail = re.compile(
        r"(?<![/\w.+-])[\w.+-]+@((?:[a-z0-9-]+\.)+(?:com|org|net|io|dev|de|fr|es))\b", re.IGNORECASE
    )
    ours = re.compile(r"(^|\.)example\.(com|org|net)$|^evil\.net$", re.IGNORECASE)
    strangers = [
        f"{name}: {found[0]}"
        for name, text in texts.items()
        if name != "LICENSE"
        for found in mail.finditer(text)
        if not ours.search(found[1])
    ]
    assert strangers == []
