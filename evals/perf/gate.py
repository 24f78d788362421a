"""`gate`: what the rules cost alone, and what the whole gate costs beside reading facts and committing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import cycle
from typing import Any

from approvals.gate import Evidence, route
from approvals.judge import ids_of, parse
from approvals.record import stored_facts, stored_verdict
from core.actions import Action, Route
from core.canonical import canonical_json
from core.facts import FactSet, read_facts
from core.ids import ActionId, Category, ConversationId, CustomerId, RequestId
from evals.perf.benchmark import Options, Row, row
from evals.perf.timing import timed
from policies.check import check
from policies.load import parse_category
from policies.model import CategoryPolicy
from policies.source import read_source
from tools.kit import WriteTool
from tools.toolset import toolset

CATEGORY, TOOL, RULES = "refund_request", "refund_charge", 20
_ARGS: Mapping[str, Any] = {
    "charge_id": "ch_bench_main",
    "amount": 4_900,
    "currency": "usd",
    "reason": "requested_by_customer",
}
_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def gate(options: Options) -> list[Row]:
    """Rules alone and the whole gate, for a refund under twenty rules."""
    policy, facts = twenty_rules(options), allowed_facts(options)
    values = facts.values()
    rules = timed(lambda: check(policy, TOOL, values), seconds=options.seconds)
    tool = toolset()[TOOL]
    assert isinstance(tool, WriteTool)
    whole = timed(lambda: gated(tool, policy, facts), seconds=options.seconds)
    return [
        row("rules in the category", len(policy.judges[TOOL].rules), "rules"),
        row("rules alone, p50", _us(rules.at(0.5)), "us", most=50),
        row("rules alone, p99", _us(rules.at(0.99)), "us"),
        row("verdicts a second on one core", round(rules.per_cpu_second), "1/s", least=3_000),
        row("whole gate without fact reads and commit, p50", _us(whole.at(0.5)), "us"),
        row("whole gate without fact reads and commit, p99", _us(whole.at(0.99)), "us", most=1_000),
        row("the same in processor time, p99", _us(whole.cpu_at(0.99)), "us", most=1_000),
        row("whole gates a second on one core", round(whole.per_cpu_second), "1/s"),
    ]


def gated(tool: WriteTool[Any], policy: CategoryPolicy, facts: FactSet) -> Route:
    """From raw arguments to the route and what is stored of it, in the order of `submit`."""
    args = parse(tool, _ARGS)
    assert not isinstance(args, str)
    ids_of(tool, args)
    money = tool.money(args)
    assert money is not None
    action = Action(
        id=ActionId("act_bench"),
        conversation_id=ConversationId("con_bench"),
        request_id=RequestId("req_bench"),
        customer_id=CustomerId("u_bench"),
        category=Category(CATEGORY),
        tool=TOOL,
        tool_version=tool.spec.version,
        args=args.model_dump(mode="json"),
        targets=tool.targets(args),
        amount=money.amount,
        currency=money.currency,
    )
    assert action.digest
    verdict = check(policy, TOOL, facts.values())
    decided = route(
        Evidence(
            given=True,
            owned=True,
            verdict=verdict,
            breaches=(),
            stopped=False,
            confirm_needed=TOOL in policy.confirm,
            confirmed=True,
            step_up_needed=TOOL in policy.step_up,
            stepped_up=False,
            standing="autonomous_20",
            tier=policy.tier,
            review_after=False,
            audited=False,
            approved=None,
        )
    )
    stored_facts(facts)
    stored_verdict(verdict, ())
    tool.preview(args, facts).model_dump(mode="json")
    return decided


def twenty_rules(options: Options) -> CategoryPolicy:
    """The category as it is in the catalog, with rules of it repeated under new ids until there are twenty."""
    path = options.catalog / f"{CATEGORY}.yaml"
    written = dict(read_source(path).value)
    covering = [one for one in written["rules"] if TOOL in one["tools"]]
    more = [
        {**one, "id": f"{one['id']}_{n}"}
        for n, one in zip(range(RULES - len(covering)), cycle(covering), strict=False)
    ]
    written["rules"] = [*written["rules"], *more]
    specs = {name: tool.spec for name, tool in toolset().items()}
    # JSON is YAML, too.
    return parse_category(path, canonical_json(written).encode(), specs)


def allowed_facts(options: Options) -> FactSet:
    """The facts of the first example that the rules allow."""
    examples = twenty_rules(options).examples
    first = next(one for one in examples if one.tool == TOOL and one.expect == "allow")
    named = {name.replace(".", "__"): value for name, value in first.facts.items()}
    return read_facts("stripe", _NOW, **named)


def _us(seconds: float) -> float:
    return round(seconds * 1e6, 1)
