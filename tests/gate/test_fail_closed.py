"""Whatever breaks in the gate, nothing runs that was not decided: every statement, commit, job and tool call once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from approvals.execute import execute
from approvals.judge import FRESH, STALE
from approvals.settle import SILENT, sweep
from core.actions import Asked, Executed, Held, Outcome
from core.clock import StillClock
from core.facts import Fact, FactSet
from policies.check import check
from policies.load import parse_category
from policies.model import Catalog, CategoryPolicy, Judge
from service.paths import CATALOG
from store.columns import table
from store.tables.action import ActionRow, AttemptRow
from store.work import Store
from tests.agent.chat_bench import catalog
from tests.gate.gate_bench import Customer, Gate, InjectedError, gate_on, person
from tools.billing.refund import RefundCharge
from tools.kit import Scope
from tools.toolset import specs

CATEGORY = "refund_request"
_ACTION = table(ActionRow)
_ATTEMPT = table(AttemptRow)


class Refund(RefundCharge):
    """The real refund, which tells when it is called and breaks where it is told to."""

    def __init__(self, gate: Gate, breaks: str = "") -> None:
        self._gate, self._breaks = gate, breaks
        self.sent_at: int | None = None

    def _maybe(self, place: str) -> None:
        if place == self._breaks:
            raise InjectedError(place)

    async def owned(self, args: Any, scope: Scope) -> bool:
        self._maybe("owned")
        return await super().owned(args, scope)

    async def facts(self, args: Any, scope: Scope) -> FactSet:
        self._maybe("facts")
        return await super().facts(args, scope)

    def targets(self, args: Any) -> tuple[str, ...]:
        self._maybe("targets")
        return super().targets(args)

    def money(self, args: Any) -> Any:
        self._maybe("money")
        return super().money(args)

    def preview(self, args: Any, facts: FactSet) -> Any:
        self._maybe("preview")
        return super().preview(args, facts)

    async def execute(self, args: Any, permit: Any, scope: Scope) -> Any:
        self.sent_at = len(self._gate.watch.seen)
        return await super().execute(args, permit, scope)


def refund_args(key: str, charge: str = "fine", amount: int = 1_200) -> dict[str, Any]:
    return {
        "charge_id": f"ch_{key}_{charge}",
        "amount": amount,
        "currency": "usd",
        "reason": "requested_by_customer",
    }


async def whole_path(customer: Customer) -> Outcome:
    """Read, propose, confirm; in an autonomous category that is all there is."""
    await customer.look("find_charges")
    asked = await customer.submit("refund_charge", **refund_args(customer.key))
    return await customer.yes(asked) if isinstance(asked, Asked) else asked


async def actions_of(gate: Gate, customer: Customer) -> list[ActionRow]:
    with gate.watch.off():
        async with gate.parts.store.begin() as work:
            mine = _ACTION.c.conversation_id == customer.asking.conversation_id
            return await work.rows(ActionRow, select(_ACTION).where(mine))


async def intents(gate: Gate, action_id: str) -> int:
    with gate.watch.off():
        async with gate.parts.store.begin() as work:
            query = select(func.count()).where(_ATTEMPT.c.action_id == action_id)
            return int(await work.value(query) or 0)


async def test_an_exception_at_each_statement_commit_and_job_never_runs_what_was_not_decided(
    store: Store, clock: StillClock
) -> None:
    gate = gate_on(store, clock)
    await gate.stands(CATEGORY, "autonomous_20")
    tool = Refund(gate)
    gate.using({"refund_charge": tool})

    baseline = await gate.customer(person("base"), CATEGORY)
    gate.parts.proofs.forget()
    gate.watch.start()
    assert isinstance(await whole_path(baseline), Executed)
    assert [e.kind for e in baseline.effects()] == ["refund"]
    steps, before_effect = list(gate.watch.seen), tool.sent_at
    assert before_effect is not None
    assert {"commit"} < set(steps)
    for touched in (
        "switch",
        "reservation",
        "confirmation",
        "standing",
        "provenance",
        "INTO audit",
        "INTO attempt",
    ):
        assert any(touched in step for step in steps[:before_effect]), touched

    late = 0
    for place in range(1, len(steps) + 1):
        customer = await gate.customer(person(f"k{place}"), CATEGORY)
        gate.parts.proofs.forget()  # each walk recomputes what carries the standing
        gate.watch.start(fails_at=place)
        with pytest.raises(InjectedError):
            await whole_path(customer)
        gate.watch.start()
        where = f"{place}: {steps[place - 1]}"
        rows = await actions_of(gate, customer)
        if place <= before_effect:
            assert customer.effects() == [], where
            assert {row.state for row in rows} <= {"asked"}, where
            assert sum([await intents(gate, row.id) for row in rows]) == 0, where
        else:
            late += 1
            [row] = rows
            assert [e.kind for e in customer.effects()] == ["refund"], where
            assert row.state == "executing", where
            assert await intents(gate, row.id) == 1, where
    assert late >= 5, "the record after the effect has statements of its own"

    # What was cut off after the effect is found again, and is still one effect each.
    clock.move(SILENT + timedelta(seconds=1))
    with gate.watch.off():
        assert (await sweep(gate.parts))["silent"] == late
    effects = [e for e in gate.world.ledger if e.owner.startswith("u_k")]
    assert len(effects) == len({e.owner for e in effects}) == late


@pytest.mark.parametrize("place", ["owned", "facts", "targets", "money", "preview"])
@pytest.mark.parametrize("when", ["submit", "execute"])
async def test_a_tool_that_breaks_is_no_permission(
    store: Store, clock: StillClock, place: str, when: str
) -> None:
    gate = gate_on(store, clock)
    await gate.stands(CATEGORY, "autonomous_20")
    customer = await gate.customer(person("tool"), CATEGORY)
    await customer.look("find_charges")
    if when == "submit":
        gate.using({"refund_charge": Refund(gate, breaks=place)})
        with pytest.raises(InjectedError):
            await customer.submit("refund_charge", **refund_args("tool"))
        assert await actions_of(gate, customer) == []
    else:
        asked = await customer.submit("refund_charge", **refund_args("tool"))
        gate.using({"refund_charge": Refund(gate, breaks=place)})
        if place in ("owned", "facts"):
            with pytest.raises(InjectedError):
                await customer.yes(asked)
            [row] = await actions_of(gate, customer)
            assert row.state == "asked"
        else:
            # Read once when it was proposed: what runs is what was stored and confirmed.
            assert isinstance(await customer.yes(asked), Executed)
            assert len(customer.effects()) == 1
            return
    assert customer.effects() == []


class _Raising(dict[str, Judge]):
    def get(self, *_: Any) -> Any:  # type: ignore[override]
        raise InjectedError("rules")


def _broken_rules() -> Catalog:
    known: dict[Any, CategoryPolicy] = dict(catalog().categories)
    policy = known[CATEGORY]
    known[CATEGORY] = policy.model_copy(update={"judges": _Raising(policy.judges)})  # type: ignore[index]
    return Catalog(known)


async def test_rules_that_break_are_no_permission(store: Store, clock: StillClock) -> None:
    from dataclasses import replace

    gate = gate_on(store, clock)
    await gate.stands(CATEGORY, "autonomous_20")
    customer = await gate.customer(person("rules"), CATEGORY)
    await customer.look("find_charges")
    asked = await customer.submit("refund_charge", **refund_args("rules"))
    gate.parts = replace(gate.parts, catalog=_broken_rules())
    with pytest.raises(InjectedError):
        await customer.yes(asked)
    with pytest.raises(InjectedError):
        await customer.submit("refund_charge", **refund_args("rules", amount=1_000))
    assert customer.effects() == []
    assert [row.state for row in await actions_of(gate, customer)] == ["asked"]


@pytest.mark.parametrize("standing", ["turbo", "", "autonomous", "AUTONOMOUS_20", "suspended", "observation"])
async def test_a_standing_we_do_not_know_is_held(store: Store, clock: StillClock, standing: str) -> None:
    gate = gate_on(store, clock)
    await gate.stands(CATEGORY, standing)
    customer = await gate.customer(person("stand"), CATEGORY)
    assert isinstance(await whole_path(customer), Held)
    assert customer.effects() == []


class Aged(RefundCharge):
    """Facts that were read at another time than now."""

    def __init__(self, by: timedelta) -> None:
        self._by = by

    async def facts(self, args: Any, scope: Scope) -> FactSet:
        read = (await super().facts(args, scope)).facts
        return FactSet({n: Fact(f.value, f.source, f.read_at + self._by) for n, f in read.items()})


@pytest.mark.parametrize(
    ("by", "runs"),
    [
        pytest.param(-FRESH, True, id="five-minutes-old"),
        pytest.param(-FRESH - timedelta(seconds=1), False, id="older"),
        pytest.param(FRESH, True, id="five-minutes-ahead"),
        pytest.param(FRESH + timedelta(seconds=1), False, id="further-ahead"),
    ],
)
async def test_facts_of_another_time_are_held(
    store: Store, clock: StillClock, by: timedelta, *, runs: bool
) -> None:
    gate = gate_on(store, clock)
    await gate.stands(CATEGORY, "autonomous_20")
    gate.using({"refund_charge": Aged(by)})
    customer = await gate.customer(person("aged"), CATEGORY)
    outcome = await whole_path(customer)
    assert isinstance(outcome, Executed if runs else Held)
    assert len(customer.effects()) == runs
    if not runs:
        [row] = await actions_of(gate, customer)
        assert STALE.rule in [b["rule"] for b in row.verdict["breaches"]]


async def test_facts_that_went_stale_between_the_yes_and_the_effect_are_held(
    store: Store, clock: StillClock
) -> None:
    gate = gate_on(store, clock)
    await gate.stands(CATEGORY, "autonomous_20")
    customer = await gate.customer(person("later"), CATEGORY)
    await customer.look("find_charges")
    asked = await customer.submit("refund_charge", **refund_args("later"))
    gate.using({"refund_charge": Aged(-timedelta(minutes=6))})
    assert isinstance(await customer.yes(asked), Held)
    assert customer.effects() == []
    assert isinstance(asked, Asked)
    assert isinstance(await execute(asked.action_id, gate.parts), Held)
    assert customer.effects() == []


WRONG: tuple[Any, ...] = (None, float("nan"), float("inf"), "", "yes", [], {}, 2**64, 1.0, b"x", "\ud800")


@pytest.mark.parametrize("category", sorted(catalog().categories))
def test_no_allow_rests_on_a_fact_that_is_missing_or_of_no_use(category: str) -> None:
    policy = catalog().categories[category]  # type: ignore[index]
    tried = 0
    for example in policy.examples:
        if example.expect != "allow":
            continue
        facts: dict[str, Any] = dict(example.facts)
        judge = policy.judges[example.tool]
        assert check(policy, example.tool, facts).kind == "allow"
        named = set().union(
            *(c.program.names for c in judge.rules if c.fired.kind == "allow" and c.rule.id == example.rule)
        )
        for name in named:
            left = {key: value for key, value in facts.items() if key != name}
            assert check(policy, example.tool, left).kind != "allow", f"{example.id}: without {name}"
            tried += 1
        for name, value in facts.items():
            for wrong in WRONG:
                if type(wrong) is type(value):
                    continue
                got = check(policy, example.tool, {**facts, name: wrong}).kind
                assert got != "allow", f"{example.id}: {name}={wrong!r}"
                tried += 1
    assert tried or not policy.writes


def test_an_allow_that_is_true_without_a_fact_it_names_is_doubt() -> None:
    path = CATALOG / f"{CATEGORY}.yaml"
    text = path.read_text()
    before = text[text.index("    allow: >-") : text.index("    sentence: Within 30 days")]
    loose = text.replace(before, "    allow: 'charge.paid || charge.is_duplicate'\n")
    policy = parse_category(path, loose.encode(), specs())
    facts: dict[str, Any] = dict(next(e for e in policy.examples if e.id == "unopened-is-inside").facts)
    assert check(policy, "refund_charge", facts).kind == "allow"
    left = {name: value for name, value in facts.items() if name != "charge.is_duplicate"}
    assert check(policy, "refund_charge", left).kind == "escalate"


def test_a_fact_that_is_not_declared_is_doubt() -> None:
    policy = catalog().categories[CATEGORY]  # type: ignore[index]
    example = next(e for e in policy.examples if e.expect == "allow")
    facts: dict[str, Any] = {**example.facts, "customer.approved_by_dana": True}
    assert check(policy, example.tool, facts).kind == "escalate"
