"""The customer's own word: a confirmation or a code for exactly one digest, or a no."""

import hmac
import secrets
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from approvals import cards
from approvals.again import principal_of
from approvals.context import waiting_times
from approvals.execute import end, execute
from approvals.incidents import count_refusal
from approvals.parts import Parts
from approvals.record import action_row, move, outcome_of
from core.actions import Asked, Outcome
from core.conversation import Principal
from core.errors import Conflict, Gone, Invalid, NotFound, TooMany, VendorError
from core.ids import new_id
from store.columns import table
from store.tables.action import ActionRow, ConfirmationRow, StepUpRow
from store.tables.conversation import ConversationRow
from store.work import Work
from tools.identity.contact import contact_on_file
from tools.mail.port import Letter

_ACTION = table(ActionRow)
_CONFIRMATION = table(ConfirmationRow)
_STEP_UP = table(StepUpRow)
_CONVERSATION = table(ConversationRow)
# Clocks of two machines may be apart by as much; a code from further ahead has no age we know.
SKEW = timedelta(minutes=5)
CODE_LIVES = timedelta(minutes=10)
MOST_WRONG_PER_HOUR = 5
MOST_CODES_PER_HOUR = 3
# A contact younger than this may be the attacker's own (INVARIANTS I12).
CONTACT_AGE = timedelta(hours=72)
Event = Literal["button", "exact_yes"]


async def open_proposals(conversation_id: str, parts: Parts) -> list[ActionRow]:
    """Actions of this conversation that wait for the customer's word, oldest first."""
    async with parts.store.begin() as work:
        query = select(_ACTION).where(
            _ACTION.c.conversation_id == conversation_id, _ACTION.c.state == "asked"
        )
        return await work.rows(ActionRow, query.order_by(_ACTION.c.created_at))


async def confirm(action_id: str, *, digest: str, who: Principal, event: Event, parts: Parts) -> Outcome:
    """Takes a yes to exactly `digest` and goes on; a second yes changes nothing. Raises NotFound, Conflict, Gone."""
    async with parts.store.begin() as work:
        row = await _theirs(work, action_id, who)
        if row.digest != digest:
            raise Conflict("What would be done has changed. Look at it again before you confirm.")
        if row.state in ("expired", "replaced", "withdrawn", "refused", "rejected"):
            raise Gone("This is no longer open. Nothing was changed.")
        if row.state != "asked" or row.because != ["confirm"]:
            return outcome_of(row)
        await work.run(
            insert(_CONFIRMATION)
            .values(action_id=action_id, digest=digest, event=event, at=work.now)
            .on_conflict_do_update(
                index_elements=["action_id"], set_={"digest": digest, "event": event, "at": work.now}
            )
        )
        work.audit("action.confirmed", action=action_id, digest=digest, event=event)
        # A yes is kept: if this process dies now, the job goes on with it.
        await parts.jobs.defer(
            work, "execute_action", once=f"later:{action_id}", in_seconds=30, action_id=action_id
        )
    return await _go_on(action_id, who, parts)


async def _go_on(action_id: str, who: Principal, parts: Parts) -> Outcome:
    outcome = await execute(action_id, parts, tell=True)
    if isinstance(outcome, Asked) and outcome.needs == "step_up":
        return await send_code(action_id, who=who, parts=parts)
    return outcome


async def decline(action_id: str, *, who: Principal, parts: Parts) -> Outcome:
    """Takes a no: withdrawn if it waits for the customer or a colleague; too late otherwise (Conflict)."""
    async with parts.store.begin() as work:
        row = await _theirs(work, action_id, who)
        if row.state == "withdrawn":
            return outcome_of(row)
        if row.state not in ("asked", "held"):
            raise Conflict("It is too late to stop this: it was already decided.")
        work.audit("action.declined", action=action_id, digest=row.digest)
        return await end(work, row, "withdrawn", "You said no. Nothing was changed.", parts, tell=False)


async def send_code(action_id: str, *, who: Principal, parts: Parts) -> Outcome:
    """Sends a one-time code for this digest to a contact that is old enough; else a colleague looks at it."""
    try:
        contact = await contact_on_file(parts.scope(who))
    except VendorError:
        return await _hold_for_contact(action_id, who, "The account cannot be checked right now.", parts)
    if contact is None or contact.since is None or not await _is_old(action_id, contact.since, parts):
        because = "There is no contact on file that is old enough to send a code to."
        return await _hold_for_contact(action_id, who, because, parts)
    code = f"{secrets.randbelow(10**6):06d}"
    async with parts.store.begin() as work:
        row = await _theirs(work, action_id, who)
        if row.state != "asked":
            return outcome_of(row)
        await _not_too_many_codes(work, who)
        masked = mask(contact.email)
        await _store_code(work, row, who, code=code, to=contact.email, masked=masked, parts=parts)
        await cards.show(work, row, "step_up", sent_to=masked, expires_at=(work.now + CODE_LIVES).isoformat())
        asked = outcome_of(row)
    letter = Letter(
        to=contact.email, subject="Your code", text=_code_text(code, row), key=f"code-{new_id('c')}"
    )
    try:
        await parts.systems.mail.send(letter)
    except VendorError:
        return await _hold_for_contact(action_id, who, "The code could not be sent.", parts)
    return asked


async def ensure_code(action_id: str, parts: Parts) -> None:
    """Sends a code for an action that waits for one and got none; a throttled customer can ask again."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
        sent = await _last_code(work, row)
        who = await principal_of(work, row.customer_id)
    is_live = sent is not None and parts.clock.now() - sent.sent_at <= CODE_LIVES
    if row.state == "asked" and row.because == ["step_up"] and not is_live:
        with suppress(TooMany):
            await send_code(action_id, who=who, parts=parts)


async def lacks_code(work: Work, row: ActionRow, parts: Parts) -> bool:
    """True when its category wants a one-time code that was never entered: no colleague can stand in for it."""
    policy = parts.catalog.get(row.category)
    if policy is None or row.tool not in policy.step_up:
        return False
    s = _STEP_UP.c
    entered = select(s.id).where(
        s.action_id == row.id, s.digest == row.digest, s.verified_at.is_not(None), s.used_at.is_(None)
    )
    return await work.value(entered) is None


async def _is_old(action_id: str, since: datetime, parts: Parts) -> bool:
    """True when the contact was on file long before the conversation began, not merely before this moment."""
    async with parts.store.begin() as work:
        row = await action_row(work, action_id)
        began = await work.value(
            select(_CONVERSATION.c.opened_at).where(_CONVERSATION.c.id == row.conversation_id)
        )
    return began is not None and began - since >= CONTACT_AGE


async def enter_code(action_id: str, code: str, *, who: Principal, parts: Parts) -> Outcome:
    """Checks the code against this action's digest; raises Invalid, Gone, TooMany, NotFound."""
    async with parts.store.begin() as work:
        row = await _theirs(work, action_id, who)
        if row.state != "asked" or row.because != ["step_up"]:
            return outcome_of(row)
        await work.lock(f"codes:{who.id}")
        await _not_too_many_tries(work, who)
        sent = await _last_code(work, row)
        if sent is None or not -SKEW <= work.now - sent.sent_at <= CODE_LIVES:
            raise Gone("That code has expired. Ask for a new one.")
        right = hmac.compare_digest(sent.code_mac, _mac(parts.secret, f"{row.digest}:{code.strip()}"))
        values = {"verified_at": work.now} if right else {"tries": sent.tries + 1}
        await work.run(update(_STEP_UP).where(_STEP_UP.c.id == sent.id).values(**values))
        work.audit("code.entered", action=action_id, digest=row.digest, right=right)
        if not right:
            await count_refusal(work, row.conversation_id, row.tool, parts, so_far=0)
    if not right:
        raise Invalid("That code is not right. Check the latest mail.")
    return await _go_on(action_id, who, parts)


async def _theirs(work: Work, action_id: str, who: Principal) -> ActionRow:
    row = await action_row(work, action_id, lock=True)
    if row.customer_id != who.id:
        raise NotFound(f"There is no action {action_id!r}.")
    return row


async def _hold_for_contact(action_id: str, who: Principal, because: str, parts: Parts) -> Outcome:
    async with parts.store.begin() as work:
        row = await _theirs(work, action_id, who)
        if row.state != "asked":
            return outcome_of(row)
        policy = parts.catalog.get(row.category)
        times = waiting_times(policy, work.now, urgent=bool(row.urgent)) if policy else {}
        await move(work, row, "held", because=[because], **times)
        await cards.show_state(work, row)
        await work.notify("remit_queue", row.id)
        return outcome_of(row)


async def _store_code(
    work: Work, row: ActionRow, who: Principal, *, code: str, to: str, masked: str, parts: Parts
) -> None:
    await work.run(
        update(_STEP_UP)
        .where(_STEP_UP.c.action_id == row.id, _STEP_UP.c.used_at.is_(None))
        .values(used_at=work.now)
    )
    await work.add(
        StepUpRow(
            id=new_id("stp"),
            action_id=row.id,
            customer_id=who.id,
            digest=row.digest,
            code_mac=_mac(parts.secret, f"{row.digest}:{code}"),
            sent_to_mac=_mac(parts.secret, to),
            sent_to_masked=masked,
            sent_at=work.now,
        )
    )
    work.audit("code.sent", action=row.id, digest=row.digest)


async def _not_too_many_codes(work: Work, who: Principal) -> None:
    s = _STEP_UP.c
    since = work.now - timedelta(hours=1)
    sent = await work.value(select(func.count()).where(s.customer_id == who.id, s.sent_at > since))
    if int(sent or 0) >= MOST_CODES_PER_HOUR:
        raise TooMany("Too many codes were asked for. Try again in an hour.", retry_after=3600)


async def _not_too_many_tries(work: Work, who: Principal) -> None:
    s = _STEP_UP.c
    since = work.now - timedelta(hours=1)
    query = select(func.coalesce(func.sum(s.tries), 0)).where(s.customer_id == who.id, s.sent_at > since)
    if int(await work.value(query)) >= MOST_WRONG_PER_HOUR:
        raise TooMany("Too many wrong codes. Try again in an hour, or ask for a person.", retry_after=3600)


async def _last_code(work: Work, row: ActionRow) -> StepUpRow | None:
    s = _STEP_UP.c
    query = select(_STEP_UP).where(s.action_id == row.id, s.digest == row.digest, s.used_at.is_(None))
    return await work.row(StepUpRow, query.order_by(s.sent_at.desc()).limit(1))


def mask(email: str) -> str:
    """Enough of an address to recognise one's own: d•••@example.com."""
    name, _, host = email.partition("@")
    return f"{name[:1]}•••@{host}"


def _mac(secret: bytes, text: str) -> str:
    return hmac.new(secret, text.encode(), sha256).hexdigest()


def _code_text(code: str, row: ActionRow) -> str:
    return (
        f"Your code is {code}. It is valid for ten minutes and only for this:\n\n"
        f"  {row.preview['title']}\n\n"
        "If you did not ask for this, do nothing and tell us: somebody may know your password.\n"
    )
