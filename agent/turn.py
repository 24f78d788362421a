"""A turn, from a message to a reply: hear, ask the model, look or propose, and say what came of it."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import assert_never

from agent.beginning import Turn, begin, hand_back
from agent.bounds import exceeded
from agent.calls import Ends, run_calls
from agent.closing import undecided
from agent.ending import finish, go_on_with_next
from agent.entries import Entry, Noted, Replied, Results
from agent.hearing import hear, unheard
from agent.keepable import keepable
from agent.lease import LeaseLost, hold
from agent.model import (
    Call,
    ModelDown,
    NextStep,
    PassOn,
    Prompt,
    Quiet,
    Reply,
    Say,
    Shorten,
    Topic,
    next_step,
)
from agent.outbound import Speaker
from agent.parts import AgentParts
from agent.prompt import build
from agent.receipts import receipt_kinds
from agent.requests import open_requests, set_state
from agent.transcript import append, used_ids
from agent.watched import asked
from approvals import consent
from approvals.lessons import notes_of
from core.errors import Conflict
from core.watch import Value
from store.events import emit
from store.tables.conversation import ConversationRow
from store.work import Work

log = logging.getLogger("remit.agent")
STOPPED = "I have stopped that. Nothing was changed. What would you like instead?"
TOO_LATE = "It is too late to stop that: it was already decided. I will tell you what comes of it."
WELCOME = "You are welcome. If it comes back, write here."
STILL_WAITING = "You are welcome. What is on the card above still waits; it goes on here when it is decided."
CUT_OFF = "Your last reply was cut off and none of it counted. Answer again, in fewer words."
MOST_CUT_OFF = 1
NOTHING = Ends()
_STOPPABLE = ("asked", "held")


async def run_turn(conversation_id: str, message_id: str, parts: AgentParts) -> None:
    """Answers what is unheard, `message_id` among it; does nothing when another process is doing so."""
    while (turn := await begin(conversation_id, parts)) is not None:
        await _take(turn, parts)


async def go_on(conversation_id: str, parts: AgentParts) -> None:
    """Goes on with the procedure after a decision that came outside a turn."""
    turn = await begin(conversation_id, parts, goes_on=True)
    if turn is not None:
        await _take(turn, parts)
        await run_turn(conversation_id, "", parts)


async def _take(turn: Turn, parts: AgentParts) -> None:
    """One turn, seen by whoever watches; a turn that was taken over leaves nothing behind."""
    parts.live.show(turn.conversation_id, "typing", {"on": True})
    about: dict[str, Value] = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "remit"}
    try:
        with parts.approvals.watch.span("invoke_agent remit", turn.conversation_id, about) as span:
            await _in_time(turn, parts)
            span.note(remit__turn__steps=turn.steps, remit__turn__plan=turn.hearing.plan)
    except LeaseLost:
        log.warning("turn %s was taken over", turn.id)
    except asyncio.CancelledError:
        # This process is stopping: another one need not wait until the lease runs out.
        await asyncio.shield(hand_back(turn.lease, parts))
        raise
    finally:
        parts.live.show(turn.conversation_id, "typing", {"on": False})


async def _in_time(turn: Turn, parts: AgentParts) -> None:
    """When time is up a person takes over, with everything kept."""
    try:
        async with asyncio.timeout(parts.bounds.seconds):
            await _follow_plan(turn, parts)
    except TimeoutError:
        await finish(turn, Ends(give="This took longer than one turn may take."), [], parts)


async def _follow_plan(turn: Turn, parts: AgentParts, said: Ends = NOTHING) -> None:
    """What the latest words ask for; `said` is an answer that was sent before they were heard."""
    match turn.hearing.plan:
        case "person":
            await finish(turn, replace(said, give=turn.hearing.reason), [], parts)
        case "stop":
            text = f"{said.text}\n{await _stop(turn, parts)}".strip()
            await finish(turn, replace(said, text=text), [], parts)
        case "thanks":
            await _welcome(turn, parts)
        case "work":
            await _work(turn, parts)
        case _:
            assert_never(turn.hearing.plan)


async def _welcome(turn: Turn, parts: AgentParts) -> None:
    """Answers thanks; they end a conversation in which something was asked and nothing is waiting."""
    async with parts.approvals.store.begin() as work:
        waits = bool(await undecided(work, turn.conversation_id))
    was_asked = any(isinstance(entry, Replied) for entry in turn.entries)
    text = STILL_WAITING if waits else WELCOME
    await finish(turn, Ends(text=text), [], parts, thanks=was_asked and not waits)


async def _stop(turn: Turn, parts: AgentParts) -> str:
    """Withdraws what waits for the customer or a colleague; what was decided goes on."""
    async with parts.approvals.store.begin() as work:
        waiting = [row.id for row in await undecided(work, turn.conversation_id) if row.state in _STOPPABLE]
    stopped = [action_id for action_id in waiting if await _decline(action_id, turn, parts)]
    async with parts.approvals.store.begin() as work:
        for request in await open_requests(work, turn.conversation_id) if stopped else ():
            await set_state(work, request.id, "dropped")
    return STOPPED if stopped else TOO_LATE


async def _decline(action_id: str, turn: Turn, parts: AgentParts) -> bool:
    try:
        await consent.decline(action_id, who=turn.asking.who, parts=parts.approvals)
    except Conflict:
        return False  # decided a moment before
    return True


async def _work(turn: Turn, parts: AgentParts) -> None:
    """The loop: model, calls, results, until there is something to say or a person is needed."""
    while True:
        why = exceeded(parts.bounds, turn.spent, steps=turn.steps, usage=turn.usage)
        if why is not None:
            return await finish(turn, Ends(give=why), [], parts)
        reply = await _ask_model(turn, parts)
        ends, entries = await _act(turn, reply, parts)
        if turn.hearing.plan != "work":
            return await _follow_plan(turn, parts, ends or NOTHING)
        if ends is None:
            continue
        if ends.give is not None or not turn.hearing.others:
            return await finish(turn, ends, entries, parts)
        await go_on_with_next(turn, ends, entries, parts)


async def _act(turn: Turn, reply: Reply, parts: AgentParts) -> tuple[Ends | None, list[Entry]]:
    """Does what a reply asks; how the turn ends with it (None: it does not) and what is still to be stored."""
    step = next_step(reply)
    if isinstance(step, Call):
        return await _run_calls(turn, reply, parts), []
    if isinstance(step, Shorten) and turn.cut_off < MOST_CUT_OFF:
        turn.cut_off += 1
        turn.entries.append(_note(turn, CUT_OFF, parts))
        return None, []
    return _ends(step, turn), [_replied(turn, reply, parts)]


def _ends(step: NextStep, turn: Turn) -> Ends:
    match step:
        case Say(text=text):
            return Ends(text=text)
        case PassOn(reason=reason, text=text):
            return Ends(text=text, give=reason)
        case Quiet():
            return Ends() if turn.goes_on else Ends(give="The model had nothing to say.")
        case Shorten() | Call():
            return Ends(give="The model could not finish a reply.")
        case _:
            assert_never(step)


async def _ask_model(turn: Turn, parts: AgentParts) -> Reply:
    """The next reply; when the model is down the fallback takes the rest of the turn."""
    prompt = await _prompt(turn, parts)
    async with parts.approvals.store.begin() as work:
        proven = await receipt_kinds(work, turn.conversation_id)
    speaker = Speaker(turn.conversation_id, parts, receipts=proven)
    try:
        reply = keepable(await asked(turn, prompt, speaker, parts.approvals.watch))
    except ModelDown as down:
        if turn.model is parts.fallback:
            return Reply(stop="refusal")
        log.warning("%s is down, %s takes the turn: %s", turn.model.name, parts.fallback.name, down)
        turn.model = parts.fallback
        return await _ask_model(turn, parts)
    speaker.end()
    turn.steps += 1
    turn.usage += reply.usage
    return reply


async def _prompt(turn: Turn, parts: AgentParts) -> Prompt:
    catalog = parts.approvals.catalog
    async with parts.approvals.store.begin() as work:
        wanted = await open_requests(work, turn.conversation_id)
        policies = [policy for r in wanted if (policy := catalog.get(r.category)) is not None]
        notes: dict[str, Sequence[str]] = {}
        for policy in policies:
            notes[policy.category] = await notes_of(work, policy.category)
    request = turn.hearing.request
    policy = catalog.get(request.category) if request is not None else None
    topic = Topic(request.id, policy, turn.signals) if request is not None and policy is not None else None
    specs = {name: tool.spec for name, tool in parts.approvals.tools.items()}
    return build(policies, specs, tuple(turn.entries), topic, parts.approvals.clock.now(), notes)


async def _run_calls(turn: Turn, reply: Reply, parts: AgentParts) -> Ends | None:
    """Runs each call in order and stores reply and results together, so that none is ever without the other."""
    ran = await run_calls(reply.calls, used_ids(turn.entries), turn, parts)
    replied = _replied(turn, reply, parts).model_copy(update={"calls": tuple(one.call for one in ran)})
    results = Results(
        results=tuple(one.result for one in ran),
        request_id=replied.request_id,
        at=parts.approvals.clock.now(),
    )
    turn.entries += [replied, results]
    # Chat text: what was proposed meanwhile is durable by itself.
    async with parts.approvals.store.begin(relaxed=True) as work:
        conversation = await hold(work, turn.lease)
        await append(work, turn.conversation_id, turn.id, [replied, results])
        for card in [one.card for one in ran if one.card is not None]:
            body = {"title": card.title, "rows": [list(row) for row in card.rows]}
            await emit(work, turn.conversation_id, "found", body)
        await _hear_more(work, conversation, turn, parts)
    return next((one.ends for one in ran if one.ends is not None), None)


async def _hear_more(work: Work, conversation: ConversationRow, turn: Turn, parts: AgentParts) -> None:
    """What the customer wrote while we looked is heard before the next reply."""
    messages = await unheard(work, turn.conversation_id)
    if not messages:
        return
    others = turn.hearing.others
    turn.hearing = await hear(work, conversation, messages, turn.id, parts)
    turn.hearing.others += others
    if turn.hearing.plan == "thanks":
        turn.hearing.plan = "work"  # what they thank for is still being done
    turn.signals = turn.hearing.signals or turn.signals
    await append(work, turn.conversation_id, turn.id, turn.hearing.entries)
    turn.entries += turn.hearing.entries


def _replied(turn: Turn, reply: Reply, parts: AgentParts) -> Replied:
    request = turn.hearing.request
    return Replied(
        text=reply.text,
        calls=reply.calls if _is_call(reply) else (),
        kept=reply.kept,
        model=f"{turn.model.name} {turn.model.version}",
        request_id=request.id if request else None,
        at=parts.approvals.clock.now(),
    )


def _is_call(reply: Reply) -> bool:
    """True when the reply's calls are run, so that results will follow them."""
    return isinstance(next_step(reply), Call)


def _note(turn: Turn, text: str, parts: AgentParts) -> Entry:
    request = turn.hearing.request
    return Noted(text=text, request_id=request.id if request else None, at=parts.approvals.clock.now())
