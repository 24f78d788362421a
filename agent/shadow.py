"""The agent beside people: it looks things up and proposes, and nobody hears it."""

from sqlalchemy import select

from agent.entries import CallResult, Entry, Replied, Results
from agent.model import HAND_OVER, Call, Reply, Topic, next_step
from agent.parts import AgentParts
from agent.prompt import build
from agent.told import as_content, told
from agent.transcript import load
from approvals.again import principal_of
from approvals.look import look
from approvals.parts import Asking
from approvals.submit import submit
from core.conversation import Signals
from core.ids import ConversationId
from policies.model import CategoryPolicy
from store.columns import table
from store.tables.conversation import ConversationRow, MessageRow, RequestRow

_CONVERSATION = table(ConversationRow)
_MESSAGE = table(MessageRow)
_REQUEST = table(RequestRow)
# Replies of the model in one shadow run: enough for every procedure in the catalog.
MOST_REPLIES = 8


async def work_in_shadow(conversation_id: str, request_id: str, parts: AgentParts) -> None:
    """One proposal for a request, recorded under the standing `shadow`; none when the agent would have asked back."""
    async with parts.approvals.store.begin() as work:
        request = await work.row(RequestRow, select(_REQUEST).where(_REQUEST.c.id == request_id))
        policy = parts.approvals.catalog.get(request.category) if request else None
        if request is None or policy is None or request.state != "open":
            return
        customer = await work.value(
            select(_CONVERSATION.c.customer_id).where(_CONVERSATION.c.id == conversation_id)
        )
        asking = Asking(ConversationId(conversation_id), await principal_of(work, customer))
        signals = await work.value(select(_MESSAGE.c.signals).where(_MESSAGE.c.id == request.message_id))
        entries: list[Entry] = list(await load(work, conversation_id))
    read = Signals.model_validate({**signals, "flags": tuple(signals["flags"])})
    for _ in range(MOST_REPLIES):
        reply = await _reply(entries, Topic(request.id, policy, read), policy, parts)
        if not isinstance(next_step(reply), Call) or await _proposed(
            reply, entries, request.id, asking, parts
        ):
            return


async def _reply(entries: list[Entry], topic: Topic, policy: CategoryPolicy, parts: AgentParts) -> Reply:
    specs = {name: tool.spec for name, tool in parts.approvals.tools.items()}
    prompt = build([policy], specs, tuple(entries), topic, parts.approvals.clock.now())
    return await parts.model.reply(prompt, on_text=_unheard)


async def _unheard(text: str) -> None:
    """Words in shadow go nowhere."""


async def _proposed(
    reply: Reply, entries: list[Entry], request_id: str, asking: Asking, parts: AgentParts
) -> bool:
    """Runs the reads and proposes the first write; True when it was proposed or a person was called for."""
    now, results = parts.approvals.clock.now(), []
    for call in reply.calls:
        if call.name == HAND_OVER:
            return True
        if parts.approvals.write_tool(call.name) is not None:
            outcome = await submit(call, asking, parts.approvals)
            if outcome.kind == "handed_over":
                return True
            content, ok = as_content(told(outcome)), True
        else:
            looked = await look(call, asking, parts.approvals)
            content, ok = looked.content, looked.ok
        results.append(CallResult(call_id=call.id, name=call.name, content=content, ok=ok))
    model = f"{parts.model.name} {parts.model.version}"
    entries += [
        Replied(
            text=reply.text, calls=reply.calls, kept=reply.kept, model=model, request_id=request_id, at=now
        ),
        Results(results=tuple(results), request_id=request_id, at=now),
    ]
    return False
