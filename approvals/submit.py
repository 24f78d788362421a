"""The agent's only verb for writes: parse, judge, record, and say what happens next."""

from collections.abc import Sequence
from typing import Any, assert_never

from sqlalchemy.dialects.postgresql import insert

from approvals import cards
from approvals.consent import send_code
from approvals.context import Mandate, all_given, is_urgent, mandate, waiting_times
from approvals.execute import execute
from approvals.gate import NOT_FOUND, route
from approvals.incidents import count_refusal
from approvals.judge import Judged, evidence, ids_of, judge, parse
from approvals.ladder.versions import note_version
from approvals.parts import Asking, Parts
from approvals.record import action_of, outcome_of, same_undone, stored_facts, stored_verdict
from core.actions import (
    Action,
    Ask,
    Execute,
    HandedOver,
    HandOver,
    Hold,
    Outcome,
    Preview,
    Refuse,
    Refused,
    Route,
    State,
    ToolCall,
)
from core.errors import ToolFailed, VendorError
from core.ids import ActionId, Category, CustomerId, RequestId, new_id
from store.columns import table
from store.tables.action import ActionRow
from store.work import Work
from tools.kit import Args, WriteTool

_ACTION = table(ActionRow)


async def submit(call: ToolCall, asking: Asking, parts: Parts) -> Outcome:
    """What became of a proposed write: executed, asked, held, refused, handed over, failed or unsure."""
    tool = parts.write_tool(call.name)
    async with parts.store.begin() as work:
        under = await mandate(work, call.name, asking, parts) if tool else None
        if tool is None or under is None:
            return await _refused(
                work, asking, call.name, "closed_set", "No open request calls for this.", parts
            )
        args = parse(tool, call.args)
        if isinstance(args, str):
            return await _refused(work, asking, call.name, "schema", args, parts)
        given = await all_given(work, asking.conversation_id, ids_of(tool, args))
        if not given:
            return await _refused(work, asking, call.name, "provenance", NOT_FOUND, parts)
    return await _propose(tool, args, under, asking, parts)


async def _refused(work: Work, asking: Asking, tool: str, check: str, because: str, parts: Parts) -> Refused:
    await count_refusal(work, asking.conversation_id, tool, parts)
    work.audit(
        "call.refused",
        conversation=asking.conversation_id,
        tool=tool if tool in parts.tools else "unknown",
        check=check,
    )
    return Refused(because=because, check=check)


async def _propose(tool: WriteTool[Any], args: Args, under: Mandate, asking: Asking, parts: Parts) -> Outcome:
    scope = parts.scope(asking.who)
    try:
        if not await tool.owned(args, scope):
            async with parts.store.begin() as work:
                return await _refused(work, asking, tool.spec.name, "ownership", NOT_FOUND, parts)
        facts = await tool.facts(args, scope)
    except VendorError:
        # Not knowable now is not a no: the agent may try again or bring a person.
        return HandedOver(because="The system that holds this record does not answer at the moment.")
    except ToolFailed as failed:
        return Refused(because=str(failed), check="facts")
    action = new_action(tool, args, under, asking.who.id)
    about = {"remit.tool": tool.spec.name, "remit.category": action.category, "remit.action.id": action.id}
    async with parts.store.begin() as work:
        with parts.watch.span("remit.gate", asking.conversation_id, about) as span:
            judged = await judge(work, action, facts, under, parts)
            proof = await evidence(work, action, judged, under, given=True, owned=True)
            decided = route(proof)
            span.note(remit__verdict=judged.verdict.kind, remit__route=type(decided).__name__.lower())
        await note_version(work, under.policy, parts, under.agent_version)
        row = _row(action, tool, tool.preview(args, facts), judged, decided, under, work)
        known = await _insert_once(work, row)
        if known is not None:
            return outcome_of(known)
        if isinstance(decided, Refuse):
            await count_refusal(work, asking.conversation_id, tool.spec.name, parts, so_far=0)
        if under.standing != "shadow":  # beside people the agent is not heard
            await cards.show_state(work, row)
    return await carry_on(row, decided, asking, parts)


async def carry_on(row: ActionRow, decided: Route, asking: Asking, parts: Parts) -> Outcome:
    """What follows a recorded route: a code is sent, an action executed, or nothing more."""
    match decided:
        case Ask(needs="step_up"):
            return await send_code(row.id, who=asking.who, parts=parts)
        case Execute():
            return await execute(row.id, parts)
        case HandOver(because=because):
            return HandedOver(because=because, action_id=ActionId(row.id))
        case Refuse(check=check, because=because):
            return Refused(because=because, check=check, action_id=ActionId(row.id))
        case Ask() | Hold():
            return outcome_of(row)
        case _:
            assert_never(decided)


def new_action(tool: WriteTool[Any], args: Args, under: Mandate, customer_id: CustomerId) -> Action:
    """The action these arguments make under this request."""
    money = tool.money(args)
    return Action(
        id=ActionId(new_id("act")),
        conversation_id=under.request.conversation_id,  # type: ignore[arg-type]
        request_id=RequestId(under.request.id),
        customer_id=customer_id,
        category=Category(under.request.category),
        tool=tool.spec.name,
        tool_version=tool.spec.version,
        args=args.model_dump(mode="json"),
        targets=tool.targets(args),
        amount=money.amount if money else None,
        currency=money.currency if money else None,
    )


def state_for(decided: Route) -> tuple[State, list[str]]:
    """The state a route leads to, and what to write beside it."""
    match decided:
        case Ask(needs=needs):
            return "asked", [needs]
        case Hold(because=because):
            return "held", list(because)
        case Execute():
            return "approved", []
        case Refuse(because=because) | HandOver(because=because):
            return "refused", [because]
        case _:
            assert_never(decided)


def _row(
    action: Action,
    tool: WriteTool[Any],
    preview: Preview,
    judged: Judged,
    decided: Route,
    under: Mandate,
    work: Work,
) -> ActionRow:
    state, because = state_for(decided)
    return ActionRow(
        **action.model_dump(mode="json"),
        digest=action.digest,
        state=state,
        state_at=work.now,
        facts=stored_facts(judged.facts),
        verdict=stored_verdict(judged.verdict, judged.breaches),
        preview=preview.model_dump(mode="json"),
        because=because,
        risk=tool.spec.risk,
        allowed_by_rules=judged.verdict.kind == "allow" and not judged.breaches,
        standing=under.standing,
        agent_version=under.agent_version,
        review_after=isinstance(decided, Execute) and decided.review_after,
        created_at=work.now,
        **waiting_times(under.policy, work.now, urgent=is_urgent(judged.facts)),
    )


async def _insert_once(work: Work, row: ActionRow) -> ActionRow | None:
    """Stores the action; the one already there when this request proposed exactly the same before."""
    values = {c.key: getattr(row, c.key) for c in _ACTION.columns if c.computed is None}
    if await work.insert_once(insert(_ACTION).values(**values)):
        work.audit(
            "action.judged",
            action=row.id,
            digest=row.digest,
            category=row.category,
            tool=row.tool,
            verdict=row.verdict["rules"]["kind"],
            rules=_rule_ids(row),
            policy=row.verdict["rules"]["policy_version"],
            state=row.state,
        )
        return None
    return await same_undone(work, action_of(row))


def _rule_ids(row: ActionRow) -> Sequence[str]:
    fired = [*row.verdict["rules"]["fired"], *row.verdict["breaches"]]
    return [f["rule"] for f in fired]
