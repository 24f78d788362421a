"""Past tickets in shadow: how often the agent would have understood and done what the person did, and where to start."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Protocol

from pydantic import Field, ValidationError

from core.conversation import Signals
from core.errors import Invalid
from core.frozen import Frozen
from policies.model import Catalog, CategoryPolicy

ANSWERED, PERSON = "answer", "person"
# Fewer tickets than this say little about a category; those with less than half resolvable wait.
_FEWEST, _LEAST_RESOLVABLE = 10, 0.5
LARGEST = 50_000_000


class Ticket(Frozen):
    """One past ticket: what was written, what it was about, and what the person did (a tool, `answer` or `person`)."""

    text: Annotated[str, Field(min_length=1, max_length=16_000)]
    category: str
    did: str
    amount: Annotated[int, Field(ge=0)] | None = None
    currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")] | None = None


class CategoryAudit(Frozen):
    """What the shadow found in one category; shares are None without tickets to count."""

    category: str
    tickets: int
    understood: float
    """Share that triage read as this category."""
    agreed: float
    """Share in which the agent would have gone the person's way: same category, and that step is in its catalog."""
    agreed_by_money: Mapping[str, float]
    """The same, weighed by amount, per currency."""
    resolvable: float
    """Share whose step the catalog has in a category that people need not do themselves."""
    score: float
    """Tickets x resolvable: what there is to win."""
    tier: int
    missing: Mapping[str, int]
    """What people did that the catalog does not have here, counted."""


class HistoryReport(Frozen):
    tickets: int
    by_category: tuple[CategoryAudit, ...]
    start_with: tuple[str, ...]
    """Tier-1 categories with enough tickets, at least half of them resolvable, the most to win first."""


class Reader(Protocol):
    """What reads messages: triage."""

    def read(self, text: str) -> Signals:
        """The signals of a message."""


def load_history(path: Path, *, categories: Collection[str], steps: Collection[str]) -> Sequence[Ticket]:
    """The tickets of a CSV or JSONL file; raises Invalid with file:line and what is known."""
    try:
        if path.stat().st_size > LARGEST:
            raise Invalid(f"{path}: larger than {LARGEST:,} bytes; split it")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise Invalid(f"{path}: cannot be read ({error.strerror}); give a CSV or JSONL file") from None
    except UnicodeDecodeError as error:
        raise Invalid(f"{path}: not UTF-8 at byte {error.start}; save the file as UTF-8") from None
    rows = _json_rows(path, text) if path.suffix == ".jsonl" else _csv_rows(path, text)
    found = [_ticket(path, line, row, categories, {*steps, ANSWERED, PERSON}) for line, row in rows]
    if not found:
        raise Invalid(f"{path}: holds no ticket")
    return found


def _csv_rows(path: Path, text: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    if lacking := {"text", "category", "did"} - set(reader.fieldnames or ()):
        raise Invalid(f"{path}:1: the columns {', '.join(sorted(lacking))} are missing")
    try:
        for row in reader:
            if None in row:
                raise Invalid(f"{path}:{reader.line_num}: more fields than columns; quote texts with commas")
            told: dict[str, Any] = {name: value for name, value in row.items() if value not in (None, "")}
            amount = told.get("amount")
            if amount is not None and not str(amount).isdecimal():
                raise Invalid(f"{path}:{reader.line_num}: amount {amount!r} is not in whole minor units")
            yield reader.line_num, {**told, **({"amount": int(amount)} if amount is not None else {})}
    except csv.Error as error:
        raise Invalid(f"{path}:{reader.line_num}: not CSV: {error}") from None


def _json_rows(path: Path, text: str) -> Iterable[tuple[int, Mapping[str, Any]]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError:
            raise Invalid(f"{path}:{number}: not JSON") from None
        if not isinstance(row, dict):
            raise Invalid(f"{path}:{number}: a ticket is an object")
        yield number, row


def _ticket(
    path: Path, line: int, row: Mapping[str, Any], categories: Collection[str], steps: Collection[str]
) -> Ticket:
    try:
        ticket = Ticket.model_validate(
            {name: row[name] for name in Ticket.model_fields if row.get(name) is not None}
        )
    except ValidationError as error:
        first = error.errors()[0]
        raise Invalid(f"{path}:{line}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
    if ticket.category not in categories:
        raise Invalid(
            f"{path}:{line}: unknown category {ticket.category!r}; known: {', '.join(sorted(categories))}"
        )
    if ticket.did not in steps:
        raise Invalid(f"{path}:{line}: unknown step {ticket.did!r}; known: {', '.join(sorted(steps))}")
    if (ticket.amount is None) != (ticket.currency is None):
        raise Invalid(f"{path}:{line}: an amount has a currency, and a currency an amount")
    return ticket


def audit(tickets: Sequence[Ticket], triage: Reader, catalog: Catalog) -> HistoryReport:
    """Every ticket read as the agent would read it, held against what the person did."""
    by_category: dict[str, list[tuple[Ticket, str]]] = defaultdict(list)
    for ticket in tickets:
        signals = triage.read(ticket.text)
        read_as = PERSON if signals.wants_person else str(signals.category)
        by_category[ticket.category].append((ticket, read_as))
    audits = [_audited(name, rows, catalog.get(name)) for name, rows in by_category.items()]
    audits.sort(key=lambda one: (-one.score, one.category))
    fit = [
        a.category
        for a in audits
        if a.tier == 1 and a.tickets >= _FEWEST and a.resolvable >= _LEAST_RESOLVABLE
    ]
    return HistoryReport(tickets=len(tickets), by_category=tuple(audits), start_with=tuple(fit))


def _audited(
    category: str, rows: Sequence[tuple[Ticket, str]], policy: CategoryPolicy | None
) -> CategoryAudit:
    has = [_has(ticket, policy) for ticket, _ in rows]
    agreed = [_agrees(ticket, read_as, policy) for ticket, read_as in rows]
    missing: dict[str, int] = defaultdict(int)
    for (ticket, _), there in zip(rows, has, strict=True):
        if not there and ticket.did != PERSON:
            missing[ticket.did] += 1
    resolvable = sum(has) / len(rows)
    return CategoryAudit(
        category=category,
        tickets=len(rows),
        understood=round(sum(read_as == ticket.category for ticket, read_as in rows) / len(rows), 4),
        agreed=round(sum(agreed) / len(rows), 4),
        agreed_by_money=_by_money([ticket for ticket, _ in rows], agreed),
        resolvable=round(resolvable, 4),
        score=round(len(rows) * resolvable, 2),
        tier=policy.tier if policy is not None else 3,
        missing=dict(sorted(missing.items())),
    )


def _has(ticket: Ticket, policy: CategoryPolicy | None) -> bool:
    """Whether the catalog can do what the person did: a tier of people's own cannot."""
    return policy is not None and policy.tier < 3 and ticket.did in policy.tools


def _agrees(ticket: Ticket, read_as: str, policy: CategoryPolicy | None) -> bool:
    if ticket.did == PERSON:
        return read_as == PERSON or (read_as == ticket.category and (policy is None or policy.tier == 3))
    return read_as == ticket.category and _has(ticket, policy)


def _by_money(tickets: Sequence[Ticket], agreed: Sequence[bool]) -> Mapping[str, float]:
    whole: dict[str, int] = defaultdict(int)
    same: dict[str, int] = defaultdict(int)
    for ticket, agrees in zip(tickets, agreed, strict=True):
        if ticket.amount and ticket.currency:
            whole[ticket.currency] += ticket.amount
            same[ticket.currency] += ticket.amount * agrees
    return {currency: round(same[currency] / total, 4) for currency, total in sorted(whole.items())}


def as_lines(report: HistoryReport) -> list[str]:
    """For people: a row per category, where to start in the last line."""
    lines = [
        f"{'category':22} {'tickets':>8} {'understood':>11} {'agreed':>7} {'resolvable':>11} {'to win':>8}  by money, missing"
    ]
    for one in report.by_category:
        money = ", ".join(f"{share:.0%} of {currency}" for currency, share in one.agreed_by_money.items())
        lacks = ", ".join(f"{name} x {count}" for name, count in one.missing.items())
        lines.append(
            f"{one.category:22} {one.tickets:>8} {one.understood:>11.0%} {one.agreed:>7.0%} "
            f"{one.resolvable:>11.0%} {one.score:>8.1f}  {'; '.join(t for t in (money, lacks) if t)}"
        )
    start = (
        ", ".join(report.start_with[:3]) or f"none yet: no tier-1 category has {_FEWEST} tickets to resolve"
    )
    return [*lines, "", f"{report.tickets} tickets. Start with: {start}."]
