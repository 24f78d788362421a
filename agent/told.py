"""What a model is told of an outcome: its kind, and a sentence that code wrote and that may be said as it is."""

import json
from typing import Any, assert_never

from core.actions import Asked, Executed, Failed, HandedOver, Held, Outcome, Receipt, Refused, Unsure
from core.frozen import Frozen

CONFIRM = "Please look at the card and confirm it: {title}. Nothing happens before you do."
CODE = "To be sure that it is you, I have sent a code to the address we have on file. Please enter it on the card."
HELD = (
    "A colleague checks this before it happens: {title}. You can leave: it goes on here, and we write to you."
)
ANSWER_HELD = "A colleague reads my answer before you get it. It will appear here, and we will mail you."
UNSURE = "I do not know yet whether this went through. It is being looked up, and you will be told here and by mail."
HANDED_OVER = "A person takes this on."
NOT_RUN = "not_run"
# Checks that a better call could pass: the model is told what was wrong, the customer is not.
MODELS_FAULT = frozenset({"closed_set", "schema", "provenance"})


class Told(Frozen):
    """One outcome in the transcript; `say` is the customer's sentence, `because` the reason behind it."""

    outcome: str
    say: str = ""
    because: str = ""
    check: str = ""
    action_id: str | None = None


def told(outcome: Outcome) -> Told:
    """An outcome in words."""
    match outcome:
        case Executed(action_id=action_id, receipt=receipt):
            return Told(outcome="executed", say=receipt_text(receipt), action_id=action_id)
        case Asked(action_id=action_id, needs="confirm", preview=preview):
            return Told(outcome="asked", say=CONFIRM.format(title=preview.title), action_id=action_id)
        case Asked(action_id=action_id):
            return Told(outcome="asked", say=CODE, because="step_up", action_id=action_id)
        case Held(action_id=action_id, preview=preview):
            # Why it is held is for colleagues: neither the customer nor the model is told.
            return Told(outcome="held", say=HELD.format(title=preview.title), action_id=action_id)
        case Refused(because=because, check=check, action_id=action_id):
            say = "" if check in MODELS_FAULT else because
            return Told(outcome="refused", say=say, because=because, check=check, action_id=action_id)
        case HandedOver(action_id=action_id):
            return Told(outcome="handed_over", because=HANDED_OVER, action_id=action_id)
        case Failed(action_id=action_id, because=because):
            return Told(outcome="failed", say=because, because=because, action_id=action_id)
        case Unsure(action_id=action_id):
            return Told(outcome="unsure", say=UNSURE, action_id=action_id)
        case _:
            assert_never(outcome)


def not_run(why: str) -> Told:
    """A call that was not even proposed."""
    return Told(outcome=NOT_RUN, because=why)


def as_content(one: Told) -> str:
    """As it stands in the transcript."""
    return one.model_dump_json(exclude_defaults=True)


def from_content(content: str) -> Told | None:
    """Read back; None for what is no outcome."""
    try:
        doc: Any = json.loads(content)
    except ValueError:
        return None
    if not isinstance(doc, dict) or "outcome" not in doc:
        return None
    return Told.model_validate(doc)


def receipt_text(receipt: Receipt) -> str:
    """The only sentence that says something happened: from the receipt, by code."""
    title = receipt.title.rstrip(".")
    extra = "".join(f" {line.label}: {line.after}." for line in receipt.lines[:2])
    return f"Done: {title}.{extra} Reference: {receipt.reference}."
