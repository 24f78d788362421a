"""What Slack shows: a message that says something waits, a modal with everything, and what became of it."""

import json
from datetime import datetime

from approvals.detail import Detail
from approvals.reviews import REASONS
from service.wording import label, left
from store.tables.action import ActionRow
from tools.slack import blocks
from tools.slack.blocks import Block

LOOK, DECIDE = "remit_look", "remit_decide"
_STATES = {
    "held": "waits for a colleague",
    "asked": "asked of the customer first",
    "approved": "approved",
    "executing": "approved, running",
    "executed": "done",
    "failed": "refused by the system concerned; nothing was changed",
    "unsure": "being checked: it is not known yet whether it went through",
    "needs_person": "needs a person to find out what became of it",
    "rejected": "rejected",
    "expired": "closed: it waited too long, and the customer was told",
    "withdrawn": "withdrawn",
    "refused": "refused by policy",
    "replaced": "changed by a colleague; it goes on as another action",
}


def message(row: ActionRow, title: str, by: str | None, url: str, now: datetime) -> tuple[str, list[Block]]:
    """The channel's message: the category, how urgent, where it stands; no arguments, no name of a customer."""
    state = _STATES.get(row.state, row.state)
    who = f" ({by})" if by and row.state != "held" else ""
    text = blocks.inert(f"{title}: {state}{who}")
    shown: list[Block] = [blocks.heading(title), blocks.paragraph(f"{state[:1].upper()}{state[1:]}{who}.")]
    if row.state != "held":
        return text, shown
    about = f"{label(row.risk)} risk, {left(row.due_at, now)}"
    shown.append(blocks.aside(f"Urgent. {about}" if row.urgent else about))
    shown.append(
        blocks.buttons(
            blocks.button("Look and decide", action=LOOK, value=row.id),
            blocks.button("Open the page", action="remit_page", url=url),
        )
    )
    return text, shown


def modal(found: Detail) -> Block:
    """Everything a decision needs, and the decision."""
    made: list[Block] = [
        blocks.heading(found.preview.title),
        blocks.paragraph(f"The customer said: “{found.request_text[:1500]}”"),
        *blocks.table([(one.label, _change(one.before, one.after)) for one in found.preview.lines]),
        blocks.aside("Exact arguments"),
        *blocks.table([(name, json.dumps(v, ensure_ascii=False)) for name, v in found.args.items()]),
        blocks.aside("Why it is here"),
        *blocks.table([(fired.rule, fired.sentence) for fired in found.fired]),
        blocks.aside("Facts as read from the systems"),
        *blocks.table([(fact.name, f"{fact.value} ({fact.source})") for fact in found.facts]),
    ]
    if not found.decidable:
        return blocks.modal("Decided already", [blocks.paragraph(f"This is {found.entry.state}."), *made])
    made += [
        blocks.choice(
            "decision",
            "Decision",
            [("approve", "Approve"), ("reject", "Reject"), ("take_over", "Take over the chat")],
        ),
        blocks.choice("reason", "Reason, when you reject", [(r, label(r)) for r in REASONS], optional=True),
        blocks.box("note", "Note for colleagues"),
    ]
    keep = json.dumps({"action_id": found.entry.action_id, "digest": found.digest})
    return blocks.modal("Decide", made, callback=DECIDE, submit="Decide", keep=keep)


def said(sentence: str, *, title: str = "Remit") -> Block:
    """A modal with one sentence."""
    return blocks.modal(title, [blocks.paragraph(sentence)])


def _change(before: str | None, after: str) -> str:
    return f"{before} → {after}" if before else after
