"""What happened to actions since the transcript last spoke of them: confirmed, decided, done, expired."""

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from agent.entries import Entry, Noted, Results
from agent.told import Told, from_content, told
from approvals.record import outcome_of
from store.columns import table
from store.tables.action import ActionRow
from store.work import Work

_ACTION = table(ActionRow)


async def news(work: Work, conversation_id: str, entries: Iterable[Entry]) -> list[Noted]:
    """One note for each action whose outcome is another than the transcript knows."""
    known = _known(entries)
    query = select(_ACTION).where(_ACTION.c.conversation_id == conversation_id).order_by(_ACTION.c.created_at)
    rows = {row.id: row for row in await work.rows(ActionRow, query)}
    found = []
    for action_id, before in known.items():
        row = _latest(action_id, rows)
        now = told(outcome_of(row)) if row is not None else None
        if row is not None and now is not None and now.outcome != before:
            found.append(_note(action_id, row, now, work))
    return found


def _note(action_id: str, row: ActionRow, now: Told, work: Work) -> Noted:
    return Noted(
        text=now.say or now.because,
        request_id=row.request_id,
        action_id=action_id,
        outcome=now.outcome,
        at=work.now,
    )


def _known(entries: Iterable[Entry]) -> dict[str, str]:
    known: dict[str, str] = {}
    for entry in entries:
        match entry:
            case Results(results=results):
                for one in (from_content(result.content) for result in results if result.ok):
                    if one is not None and one.action_id:
                        known[one.action_id] = one.outcome
            case Noted(action_id=str(action_id), outcome=str(outcome)):
                known[action_id] = outcome
            case _:
                pass
    return known


def _latest(action_id: str, rows: Mapping[str, ActionRow]) -> ActionRow | None:
    """The action itself, or what an edit made of it."""
    row = rows.get(action_id)
    while row is not None and row.state == "replaced":
        before = row.id
        row = next((r for r in rows.values() if r.replaces == before), None)
    return row
