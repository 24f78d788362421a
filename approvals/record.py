"""Actions as rows: stored, moved along the arrows by compare-and-set, and read back as outcomes."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from core.actions import (
    ARROWS,
    Action,
    Asked,
    Executed,
    Failed,
    Fired,
    HandedOver,
    Held,
    Outcome,
    Preview,
    Receipt,
    Refused,
    State,
    Unsure,
    Verdict,
)
from core.errors import Conflict, NotFound
from core.facts import Fact, FactSet
from store.columns import table
from store.tables.action import ActionRow
from store.work import Work

_ACTION = table(ActionRow)
_ENDED_UNDONE = ("replaced", "expired", "withdrawn", "refused", "failed")


async def action_row(work: Work, action_id: str, *, lock: bool = False) -> ActionRow:
    """The row of an action, held until this unit of work ends if `lock`; raises NotFound."""
    query = select(_ACTION).where(_ACTION.c.id == action_id)
    row = await work.row(ActionRow, query.with_for_update() if lock else query)
    if row is None:
        raise NotFound(f"There is no action {action_id!r}.")
    return row


async def same_undone(work: Work, action: Action) -> ActionRow | None:
    """The action of this request with the same digest, unless it ended without effect; see the index `action_once`."""
    same = select(_ACTION).where(
        _ACTION.c.request_id == action.request_id,
        _ACTION.c.digest == action.digest,
        _ACTION.c.state.not_in(_ENDED_UNDONE),
    )
    return await work.row(ActionRow, same)


async def move(work: Work, row: ActionRow, to: State, **changes: Any) -> None:
    """Compare-and-set on the state; raises Conflict when somebody else moved it first."""
    if to not in ARROWS.get(row.state, frozenset()):  # type: ignore[call-overload]
        raise Conflict(f"An action that is {row.state} cannot become {to}.")
    moved = await work.run(
        update(_ACTION)
        .where(_ACTION.c.id == row.id, _ACTION.c.state == row.state)
        .values(state=to, state_at=work.now, **changes)
    )
    if moved != 1:
        raise Conflict("This action was decided by someone else meanwhile.")
    work.audit("action.moved", action=row.id, digest=row.digest, before=row.state, after=to)
    row.state, row.state_at = to, work.now
    for name, value in changes.items():
        setattr(row, name, value)


def action_of(row: ActionRow) -> Action:
    """The action itself, with its digest computed anew from what is stored."""
    return Action.model_validate(
        {
            "id": row.id,
            "conversation_id": row.conversation_id,
            "request_id": row.request_id,
            "customer_id": row.customer_id,
            "category": row.category,
            "tool": row.tool,
            "tool_version": row.tool_version,
            "args": row.args,
            "targets": tuple(row.targets),
            "amount": row.amount,
            "currency": row.currency,
        }
    )


def verdict_of(row: ActionRow) -> Verdict:
    """The stored verdict."""
    return Verdict.model_validate_json(_json(row.verdict["rules"]))


def breaches_of(row: ActionRow) -> tuple[Fired, ...]:
    """The limits it would have crossed when it was judged."""
    return tuple(Fired.model_validate(f) for f in row.verdict["breaches"])


def stored_verdict(verdict: Verdict, breaches: tuple[Fired, ...]) -> dict[str, Any]:
    """A verdict with the limits beside it, as one versioned document."""
    return {
        "version": 1,
        "rules": verdict.model_dump(mode="json"),
        "breaches": [b.model_dump(mode="json") for b in breaches],
    }


def stored_facts(facts: FactSet) -> dict[str, Any]:
    """Facts with source and time, as JSON that reads back to the same values."""
    return {name: _stored_fact(fact) for name, fact in facts.facts.items()}


def _stored_fact(fact: Fact) -> dict[str, Any]:
    value, kind = fact.value, "plain"
    if isinstance(value, datetime):
        value, kind = value.isoformat(), "time"
    return {"value": value, "kind": kind, "source": fact.source, "read_at": fact.read_at.isoformat()}


def facts_of(stored: Mapping[str, Any]) -> FactSet:
    """The facts an action was judged on."""
    return FactSet({name: _fact(doc) for name, doc in stored.items()})


def _fact(doc: Mapping[str, Any]) -> Fact:
    value = datetime.fromisoformat(doc["value"]) if doc["kind"] == "time" else doc["value"]
    return Fact(value, doc["source"], datetime.fromisoformat(doc["read_at"]))


def outcome_of(row: ActionRow) -> Outcome:
    """What the agent is told about an action as it stands now."""
    state, action_id = row.state, action_of(row).id
    match state:
        case "asked":
            needs = "step_up" if row.because == ["step_up"] else "confirm"
            return Asked(action_id=action_id, needs=needs, preview=preview_of(row))  # type: ignore[arg-type]
        case "proposed" | "held" | "approved":
            return Held(action_id=action_id, because=tuple(row.because), preview=preview_of(row))
        case "executed":
            return Executed(action_id=action_id, receipt=receipt_of(row))
        case "executing" | "unsure":
            return Unsure(action_id=action_id)
        case "failed":
            return Failed(action_id=action_id, because=row.failure or "It did not work.")
        case "needs_person":
            return HandedOver(action_id=action_id, because=row.failure or "A colleague is finding out.")
        case _:
            because = row.failure or " ".join(row.because) or f"This is {state}."
            return Refused(action_id=action_id, because=because, check=state)


def preview_of(row: ActionRow) -> Preview:
    """What would happen, as it was shown."""
    return Preview.model_validate_json(_json(row.preview))


def receipt_of(row: ActionRow) -> Receipt:
    """What the vendor said it did; raises NotFound when it did nothing."""
    if row.receipt is None:
        raise NotFound(f"Action {row.id!r} has no receipt.")
    return Receipt.model_validate_json(_json(row.receipt))


def _json(doc: Mapping[str, Any]) -> str:
    # Through JSON, because strict types take tuples and times from JSON but not from lists and strings.
    return json.dumps(doc)
