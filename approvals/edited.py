"""What an edit makes of an action: another action under a new id, and its row."""

from approvals.again import Seen
from approvals.judge import Judged
from approvals.record import stored_facts, stored_verdict
from core.actions import Action, State
from core.ids import ActionId, new_id
from store.tables.action import ActionRow
from store.work import Work


def edited(row: ActionRow, seen: Seen) -> Action:
    """The action with the edited arguments, under a new id."""
    money = seen.tool.money(seen.args)
    return seen.action.model_copy(
        update={
            "id": ActionId(new_id("act")),
            "args": seen.args.model_dump(mode="json"),
            "targets": seen.tool.targets(seen.args),
            "amount": money.amount if money else None,
            "currency": money.currency if money else None,
        }
    )


def row_like(
    row: ActionRow, action: Action, seen: Seen, judged: Judged, state: State, because: list[str], work: Work
) -> ActionRow:
    """The row of the edited action, with what the old one said about its place in the queue."""
    same = row.model_dump(include={"risk", "standing", "due_at", "expires_at", "version", "agent_version"})
    return ActionRow(
        **same,
        **action.model_dump(mode="json"),
        digest=action.digest,
        state=state,
        state_at=work.now,
        facts=stored_facts(judged.facts),
        verdict=stored_verdict(judged.verdict, judged.breaches),
        preview=seen.tool.preview(seen.args, seen.facts).model_dump(mode="json"),
        because=because,
        allowed_by_rules=judged.verdict.kind == "allow" and not judged.breaches,
        created_at=work.now,
        opened_at=work.now,
        replaces=row.id,
    )
