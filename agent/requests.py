"""What the customer wants now: a message continues an open request or opens another, by code alone."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, update

from core.conversation import Signals
from core.ids import new_id
from policies.model import Catalog
from store.columns import table
from store.tables.conversation import RequestRow
from store.work import Work

_REQUEST = table(RequestRow)
OTHER = "other"
# Below the first, a message is not understood; above the second, it changes the subject of an open request.
SURE = 0.5
VERY_SURE = 0.75
SHORT_WORDS = 4
# Stops and thanks are short; whatever is longer says something else as well.
LONGEST = 200
_STOP = re.compile(
    r"^\W*(?:(?:please|oh|no|hey|ok|okay|wait|and|actually|sorry|i(?:'ve| have)? changed my mind|bitte|nein|non|no)\W+)*"
    r"(?:wait|stop|hold on|never ?mind|forget (?:it|about it|that)|do(?:n'?t| not) (?:do|refund|cancel|change|send) "
    r"(?:it|that|this|anything)|cancel (?:that|this|it)|undo (?:that|this|it)|leave it|"
    r"i(?:'ve| have)? changed my mind|(?:i(?:'d| would)? (?:want|like) to )?"
    r"keep (?:it|(?:my|the) (?:subscription|plan|order|address))|"
    r"halt|stopp?|warten|moment|abbrechen|doch nicht|arr[êe]te[zr]?|attende[zr]?|laisse[zr]? tomber|"
    r"espera|para|d[ée]jalo|olv[íi]dalo)"
    r"(?:\W+(?:please|stop|wait|it|that|this|now|after all|i changed my mind|do(?:n'?t| not) do (?:it|that)|bitte|thanks))*\W*$",
    re.IGNORECASE,
)
_THANKS = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|great|perfect|super|good|cool|nice|all good|no|that'?s (?:all|it)|that is all)\W+)*"
    r"(?:thanks?(?: you)?|thx|ty|cheers|danke(?: schön| sehr)?|merci(?: beaucoup)?|gracias|grazie|obrigad[oa]|"
    r"dank (?:je|u)|that'?s (?:all|it)|all good|bye|goodbye)"
    r"(?:\W+(?:so much|very much|a lot|again|for your help|for the help|for that|you|that'?s (?:all|it)|"
    r"that was all|bye|have a (?:nice|good|great) (?:day|one|evening)|everything|all))*\W*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where a message belongs; `opened` when it opened the request."""

    request: RequestRow
    opened: bool


def means_stop(text: str) -> bool:
    """True for "wait", "stop", "never mind" and nothing else."""
    return len(text) <= LONGEST and bool(_STOP.match(text))


def means_thanks(text: str) -> bool:
    """True for thanks and nothing else."""
    return len(text) <= LONGEST and bool(_THANKS.match(text))


async def place(
    work: Work, conversation_id: str, message_id: str, text: str, signals: Signals, catalog: Catalog
) -> Placed:
    """Stores what the message means for the open requests; the newest is the one talked about."""
    open_now = await open_requests(work, conversation_id)
    current = next((r for r in open_now if r.category != OTHER), None)
    known = catalog.get(signals.category) is not None and signals.category != OTHER
    sure = known and signals.confidence >= SURE
    if current is not None and not (sure and _changes_subject(text, signals, current)):
        return Placed(current, opened=False)
    same = next((r for r in open_now if sure and r.category == signals.category), None)
    if same is not None:
        return Placed(same, opened=False)
    vague = next((r for r in open_now if r.category == OTHER), None)
    if vague is not None and not sure:
        return Placed(vague, opened=False)
    if vague is not None:
        await set_state(work, vague.id, "dropped")
    category = str(signals.category) if sure else OTHER
    return Placed(await _open(work, conversation_id, message_id, category, signals.confidence), opened=True)


def _changes_subject(text: str, signals: Signals, current: RequestRow) -> bool:
    if signals.category == current.category:
        return False
    # "yes, the second one" answers; so does a number. A new wish takes a few words or a clear one.
    return signals.confidence >= VERY_SURE or (
        len(text.split()) > SHORT_WORDS and signals.confidence >= (SURE + VERY_SURE) / 2
    )


async def open_requests(work: Work, conversation_id: str) -> Sequence[RequestRow]:
    """What is still wanted, newest first."""
    query = select(_REQUEST).where(_REQUEST.c.conversation_id == conversation_id, _REQUEST.c.state == "open")
    return await work.rows(RequestRow, query.order_by(_REQUEST.c.opened_at.desc(), _REQUEST.c.id.desc()))


async def _open(
    work: Work, conversation_id: str, message_id: str, category: str, confidence: float
) -> RequestRow:
    row = RequestRow(
        id=new_id("req"),
        conversation_id=conversation_id,
        message_id=message_id,
        category=category,
        confidence=confidence,
        slots={},
        opened_at=work.now,
    )
    await work.add(row)
    work.audit("request.opened", request=row.id, conversation=conversation_id, category=category)
    return row


async def set_state(work: Work, request_id: str, state: str) -> None:
    """Ends an open request as done or dropped."""
    await work.run(
        update(_REQUEST)
        .where(_REQUEST.c.id == request_id, _REQUEST.c.state == "open")
        .values(state=state, done_at=work.now)
    )
