"""The cards a customer sees of an action: one per action, replaced as it moves on."""

from typing import Any

from store.events import EventKind, emit
from store.tables.action import ActionRow
from store.work import Work

WAITING = "A colleague checks every request of this kind. Usually under 20 minutes. You can leave; we will mail you."
VENDOR_SILENT = "The system concerned does not answer at the moment. This goes on by itself when it does."
UNSURE = "We are checking whether this went through. We will tell you here and by mail."


async def show(work: Work, row: ActionRow, kind: EventKind, **more: Any) -> None:
    """Shows the card of `row` as `kind`, with everything rendered by code from what is stored."""
    source = row.receipt if kind == "receipt" and row.receipt else row.preview
    body = {
        "action_id": row.id,
        "digest": row.digest,
        "title": source["title"],
        "lines": source["lines"],
        "note": row.preview.get("note", ""),
        **more,
    }
    await emit(work, row.conversation_id, kind, body)


async def show_state(work: Work, row: ActionRow) -> None:
    """The card that fits the state an action is in."""
    if row.tool == "answer":
        return  # an answer is a message, not a card
    match row.state:
        case "asked" if row.because == ["step_up"]:
            # Shown again with the address when the code is on its way.
            await show(work, row, "step_up", sent_to="", expires_at=row.expires_at.isoformat())
        case "asked":
            await show(work, row, "confirm", expires_at=row.expires_at.isoformat())
        case "held" | "approved":
            await show(work, row, "waiting", text=WAITING)
        case "unsure" | "needs_person":
            await show(work, row, "waiting", text=UNSURE)
        case "executed" if row.receipt:
            receipt = row.receipt
            await show(work, row, "receipt", reference=receipt["reference"], at=receipt["at"])
        case "refused" | "rejected" | "expired" | "failed" | "withdrawn":
            await show(work, row, "refused", text=ended_text(row), state=row.state)
        case _:
            pass


def ended_text(row: ActionRow) -> str:
    """One honest sentence on why it did not happen."""
    fixed = {
        "expired": "This waited too long and was closed. Nothing was changed.",
        "withdrawn": "You said no. Nothing was changed.",
    }
    return row.failure or fixed.get(row.state) or " ".join(row.because) or "This was not done."
