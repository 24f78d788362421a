"""The last commit of a turn: the reply, what became of requests, a handover or a closure, and the lease back."""

from sqlalchemy import select, update

from agent.beginning import Turn
from agent.calls import Ends
from agent.closing import UNDECIDED, close_after_thanks, close_if_settled
from agent.entries import Entry
from agent.handover import give
from agent.hearing import next_wish
from agent.lease import hold, release
from agent.outbound import UNPROVEN, fit_to_send
from agent.parts import AgentParts
from agent.receipts import receipt_kinds
from agent.requests import open_requests, set_state
from agent.saying import say
from agent.transcript import append
from store.columns import table
from store.tables.action import ActionRow
from store.tables.conversation import ConversationRow, RequestRow, TurnRow
from store.work import Work

_CONVERSATION = table(ConversationRow)
_TURN = table(TurnRow)
_ACTION = table(ActionRow)
_REQUEST = table(RequestRow)


async def finish(
    turn: Turn, ends: Ends, entries: list[Entry], parts: AgentParts, *, thanks: bool = False
) -> None:
    """Commits everything the customer gets from this turn; raises LeaseLost when another process has taken over."""
    async with parts.approvals.store.begin() as work:
        conversation = await hold(work, turn.lease)
        await append(work, turn.conversation_id, turn.id, entries)
        # A person may have taken it meanwhile: then the agent has nothing more to say.
        if conversation.state == "open":
            await _say_and_settle(work, conversation, turn, ends, parts, thanks=thanks)
        await _count(work, turn)
        await release(work, turn.lease)


async def go_on_with_next(turn: Turn, ends: Ends, entries: list[Entry], parts: AgentParts) -> None:
    """Says what came of one wish and turns to the next of the same message; the turn goes on."""
    async with parts.approvals.store.begin() as work:
        conversation = await hold(work, turn.lease)
        if conversation.state == "open":
            key = ends.key or f"reply:{turn.id}:{turn.steps}"
            await _reply(work, turn, Ends(text=ends.text, key=key), parts)
            await end_requests(work, conversation.id)
        heard = await next_wish(work, conversation.id, turn.hearing, parts)
        await append(work, turn.conversation_id, turn.id, [*entries, heard])
    turn.entries += [*entries, heard]


async def _say_and_settle(
    work: Work, conversation: ConversationRow, turn: Turn, ends: Ends, parts: AgentParts, *, thanks: bool
) -> None:
    jobs = parts.approvals.jobs
    await _reply(work, turn, ends, parts)
    if await end_requests(work, conversation.id):
        await close_if_settled(work, jobs, conversation)
    if ends.give is not None:
        await give(work, conversation, ends.give, jobs)
    elif thanks:
        await close_after_thanks(work, jobs, conversation)


async def _reply(work: Work, turn: Turn, ends: Ends, parts: AgentParts) -> None:
    if not ends.text.strip():
        return
    proven = await receipt_kinds(work, turn.conversation_id)
    text = fit_to_send(ends.text, receipts=proven, parts=parts)
    if text.split() != ends.text.split():
        # Whoever looks into it finds the reply as the model wrote it in the transcript, by the turn.
        why = "unproven" if text == UNPROVEN else "cleaned"
        work.audit("reply.filtered", conversation=turn.conversation_id, turn=turn.id, why=why)
    await say(work, turn.conversation_id, text, key=ends.key or f"reply:{turn.id}", turn_id=turn.id)


async def end_requests(work: Work, conversation_id: str) -> bool:
    """Marks open requests as done whose action was executed and where nothing waits; True if any was."""
    ended = False
    for request in await open_requests(work, conversation_id):
        states = select(_ACTION.c.state, _ACTION.c.tool, _ACTION.c.args).where(
            _ACTION.c.request_id == request.id
        )
        rows = (await work.conn.execute(states)).all()
        waits = any(state in UNDECIDED for state, _, _ in rows)
        did = any(
            state == "executed" and (tool != "answer" or args.get("closes")) for state, tool, args in rows
        )
        if did and not waits:
            await set_state(work, request.id, "done")
            ended = True
    return ended


async def _count(work: Work, turn: Turn) -> None:
    t, c, used = _TURN.c, _CONVERSATION.c, turn.usage
    await work.run(
        update(_TURN)
        .where(t.id == turn.id)
        .values(
            state="done",
            model=turn.model.name,
            steps=turn.steps,
            tokens_in=used.tokens_in,
            tokens_out=used.tokens_out,
            tokens_cached=used.tokens_cached,
            cost_micro_usd=used.cost_micro_usd,
            ended_at=work.now,
        )
    )
    await work.run(
        update(_CONVERSATION)
        .where(c.id == turn.conversation_id)
        .values(
            steps=c.steps + turn.steps,
            tokens=c.tokens + used.tokens,
            cost_micro_usd=c.cost_micro_usd + used.cost_micro_usd,
            language=turn.signals.language,
        )
    )
