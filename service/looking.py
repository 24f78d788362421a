"""Looks at a played conversation in our own tables: for reports and reasons, never for whether money moved."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from agent.entries import CallResult, Entry, Replied, Results
from agent.told import from_content
from agent.transcript import load
from approvals.record import breaches_of, verdict_of
from core.actions import ToolCall
from evals.seen import Route, Seen, SeenCall
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow, HandoffRow, RequestRow, TurnRow
from store.tables.record import AuditRow
from store.work import Store, Work

_ACTION = table(ActionRow)
_AUDIT = table(AuditRow)
_CONVERSATION = table(ConversationRow)
_HANDOFF = table(HandoffRow)
_REQUEST = table(RequestRow)
_TURN = table(TurnRow)
_ROUTES: Mapping[str, Route] = {
    "asked": "asked",
    "proposed": "asked",
    "held": "held",
    "approved": "held",
    "executing": "held",
    "unsure": "held",
    "needs_person": "handed_over",
    "executed": "executed",
}
_LONGEST = 2_000


async def look_at(store: Store, conversation_id: str) -> Seen:
    """Everything of one conversation that a report shows."""
    async with store.begin() as work:
        entries = await load(work, conversation_id)
        query = select(_ACTION).where(_ACTION.c.conversation_id == conversation_id)
        actions = await work.rows(ActionRow, query.order_by(_ACTION.c.created_at))
        handed = await work.value(
            select(_HANDOFF.c.reason).where(_HANDOFF.c.conversation_id == conversation_id)
        )
        return Seen(
            calls=tuple(_calls(entries, {a.id: a for a in actions})),
            route=_route(actions, handed_over=handed is not None),
            reasons=_reasons(actions, handed),
            refused_reads=await _refused_reads(work, conversation_id),
            **await _took(work, conversation_id),
        )


async def _refused_reads(work: Work, conversation_id: str) -> tuple[str, ...]:
    a = _AUDIT.c
    mine = a.body["conversation"].astext == conversation_id
    query = select(a.body).where(a.kind == "read.refused", mine).order_by(a.seq)
    found = (await work.conn.execute(query)).scalars()
    return tuple(f"{body['tool']} ({body['check']})" for body in found)


async def _took(work: Work, conversation_id: str) -> dict[str, Any]:
    """What it took, and what triage made of the first request."""
    c, r = _CONVERSATION.c, _REQUEST.c
    first = select(r.category).where(r.conversation_id == c.id).order_by(r.opened_at).limit(1)
    turns = select(func.count()).where(_TURN.c.conversation_id == c.id)
    query = select(
        c.steps, c.tokens, c.cost_micro_usd, first.scalar_subquery(), turns.scalar_subquery()
    ).where(c.id == conversation_id)
    steps, tokens, cost, category, count = (await work.conn.execute(query)).one()
    took = {"model_calls": steps, "tokens": tokens, "cost_micro_usd": cost}
    return {**took, "category": category or "", "turns": count}


def _route(actions: Sequence[ActionRow], *, handed_over: bool) -> Route:
    if handed_over:
        return "handed_over"
    return _ROUTES.get(actions[-1].state, "refused") if actions else "answered"


def _reasons(actions: Sequence[ActionRow], handed: str | None) -> tuple[str, ...]:
    told = [] if handed is None else [handed]
    for action in actions:
        told += [fired.rule for fired in (*verdict_of(action).fired, *breaches_of(action))]
        told += [*action.because, *([action.failure] if action.failure else [])]
    return tuple(dict.fromkeys(told))


def _calls(entries: Sequence[Entry], actions: Mapping[str, ActionRow]) -> list[SeenCall]:
    asked: dict[str, ToolCall] = {}
    seen = []
    for entry in entries:
        if isinstance(entry, Replied):
            asked |= {call.id: call for call in entry.calls}
        elif isinstance(entry, Results):
            seen += [_seen(asked[r.call_id], r, actions) for r in entry.results if r.call_id in asked]
    return seen


def _seen(call: ToolCall, result: CallResult, actions: Mapping[str, ActionRow]) -> SeenCall:
    told = from_content(result.content)
    action = actions.get(told.action_id or "") if told is not None else None
    more: dict[str, Any] = {"check": told.check, "is_write": True} if told is not None else {}
    if action is not None:
        verdict = verdict_of(action)
        rules = tuple(fired.rule for fired in (*verdict.fired, *breaches_of(action)))
        more |= {"verdict": verdict.kind, "rules": rules, "state": action.state}
    return SeenCall(name=call.name, args=call.args, came=result.content[:_LONGEST], ok=result.ok, **more)
