"""What other rules would have said about actions that are stored: which verdicts move, how many, and how much money."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.actions import Verdict
from core.facts import FactValue
from core.frozen import Frozen
from policies.check import check
from policies.model import Catalog

# A category that one side does not have decides nothing.
NONE = "none"


@dataclass(frozen=True, slots=True)
class Stored:
    """An action as it was judged: its facts and the verdict kept beside them."""

    id: str
    category: str
    tool: str
    facts: Mapping[str, FactValue]
    verdict: Verdict | None
    amount: int | None
    currency: str | None
    at: datetime | None = None


class Witness(Frozen):
    """One action whose verdict moves, with the rules that say so on either side."""

    action: str
    before: tuple[str, ...]
    after: tuple[str, ...]


class Move(Frozen):
    """All actions of a tool whose verdict moves in the same direction; money per currency, in minor units."""

    category: str
    tool: str
    before: str
    after: str
    count: int
    money: Mapping[str, int]
    witness: Witness


class Replay(Frozen):
    """Stored verdicts beside the same rules today: a mismatch is a verdict that did not repeat bit for bit."""

    actions: int
    same_version: int
    mismatches: tuple[str, ...]
    moves: tuple[Move, ...]


def diff(old: Catalog, new: Catalog, actions: Iterable[Stored]) -> tuple[Move, ...]:
    """Every move between two catalogs, the loosening ones first."""
    pairs = [(one, _judged(old, one), _judged(new, one)) for one in actions]
    return _moves(pairs)


def replay(catalog: Catalog, actions: Iterable[Stored]) -> Replay:
    """Judges every stored action again: under its own version it must repeat, under another it may move."""
    every = list(actions)
    pairs = [(one, one.verdict, _judged(catalog, one)) for one in every]
    same = [
        (one, before, after)
        for one, before, after in pairs
        if before is not None and after is not None and before.policy_version == after.policy_version
    ]
    return Replay(
        actions=len(every),
        same_version=len(same),
        mismatches=tuple(one.id for one, before, after in same if before != after),
        moves=_moves(pairs),
    )


def _judged(catalog: Catalog, one: Stored) -> Verdict | None:
    policy = catalog.get(one.category)
    return None if policy is None else check(policy, one.tool, one.facts)


def _moves(pairs: Iterable[tuple[Stored, Verdict | None, Verdict | None]]) -> tuple[Move, ...]:
    groups: dict[tuple[str, str, str, str], list[tuple[Stored, Verdict | None, Verdict | None]]] = {}
    for one, before, after in pairs:
        if (was := _kind(before)) != (becomes := _kind(after)):
            groups.setdefault((one.category, one.tool, was, becomes), []).append((one, before, after))
    moves = [_move(*key, rows) for key, rows in groups.items()]
    return tuple(sorted(moves, key=lambda m: (m.after != "allow", m.before != "deny", -m.count, m.category)))


def _move(
    category: str,
    tool: str,
    before: str,
    after: str,
    rows: list[tuple[Stored, Verdict | None, Verdict | None]],
) -> Move:
    money: dict[str, int] = {}
    for one, _, _ in rows:
        if one.amount is not None and one.currency is not None:
            money[one.currency] = money.get(one.currency, 0) + one.amount
    # The dearest one shows best what the change means.
    first, was, becomes = max(rows, key=lambda row: row[0].amount or 0)
    witness = Witness(action=first.id, before=_rules(was), after=_rules(becomes))
    return Move(
        category=category,
        tool=tool,
        before=before,
        after=after,
        count=len(rows),
        money=money,
        witness=witness,
    )


def _kind(verdict: Verdict | None) -> str:
    return NONE if verdict is None else verdict.kind


def _rules(verdict: Verdict | None) -> tuple[str, ...]:
    if verdict is None:
        return ()
    return tuple(one.rule for one in verdict.fired if one.kind == verdict.kind)


def examples_of(catalog: Catalog) -> list[Stored]:
    """The examples as if they were stored: what a change does where nothing has happened yet."""
    return [
        Stored(
            id=f"example {policy.category}/{example.id}",
            category=policy.category,
            tool=example.tool,
            facts={name: value for name, value in example.facts.items() if value is not None},
            verdict=None,
            amount=None,
            currency=None,
        )
        for policy in catalog.categories.values()
        for example in policy.examples
    ]
