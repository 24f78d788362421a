"""Running what a model called: reads through the gate's look, writes through its submit, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from agent.beginning import Turn
from agent.entries import CallResult
from agent.hearing import unheard
from agent.outbound import UNPROVEN, fit_to_send
from agent.parts import AgentParts
from agent.receipts import receipt_kinds
from agent.told import ANSWER_HELD, as_content, not_run, told
from approvals.look import look
from approvals.parts import Asking
from approvals.submit import submit
from core.actions import Executed, HandedOver, Held, Outcome, ToolCall
from core.ids import new_id
from core.watch import Value
from store.columns import table
from store.tables.conversation import ConversationRow
from tools.kit import Card

_CONVERSATION = table(ConversationRow)
ANSWER = "answer"
USED_TWICE = "This call id was used before. If the call is still needed, make it again."
OVER = "Not run: the call before it ended the turn."
TAKEN = "A person has the conversation now, so this was not proposed."
NO_RECEIPT = "Not proposed: it says that something was done, and no receipt here shows it."
FIRST_READ = "The customer wrote meanwhile, so this was not proposed. Read the message, then decide again."


@dataclass(frozen=True, slots=True)
class Ran:
    """A call with its result; `card` is for the customer, `ends` says how the turn ends because of it."""

    call: ToolCall
    result: CallResult
    card: Card | None = None
    ends: "Ends | None" = None


@dataclass(frozen=True, slots=True)
class Ends:
    """The turn is over: these words (under this key), or a person with a reason."""

    text: str = ""
    key: str | None = None
    give: str | None = None


async def run_calls(calls: Sequence[ToolCall], used: set[str], turn: Turn, parts: AgentParts) -> list[Ran]:
    """The results of all calls, in order; after one that ends the turn no other is run."""
    ran: list[Ran] = []
    for call in calls:
        over = any(one.ends is not None for one in ran)
        ran.append(Ran(call, _failed(call, OVER)) if over else await run_call(call, used, turn, parts))
    return ran


async def run_call(call: ToolCall, used: set[str], turn: Turn, parts: AgentParts) -> Ran:
    """The result of one call; an id used before is never run again under the same id."""
    if call.id in used:
        fresh = call.model_copy(update={"id": new_id("call")})
        return Ran(fresh, _failed(fresh, USED_TWICE))
    used.add(call.id)
    known = call.name in parts.approvals.tools
    name = call.name if known else "unknown"
    about: dict[str, Value] = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
    with parts.approvals.watch.span(f"execute_tool {name}", turn.conversation_id, about) as span:
        run = _write if parts.approvals.write_tool(call.name) is not None else _read
        ran = await run(call, turn, parts)
        span.note(remit__tool__ok=ran.result.ok)
        return ran


async def _read(call: ToolCall, turn: Turn, parts: AgentParts) -> Ran:
    tool = parts.approvals.read_tool(call.name)
    if tool is None:
        await look(call, turn.asking, parts.approvals)  # puts the refusal on record
        known = ", ".join(sorted(parts.approvals.tools))
        return Ran(call, _failed(call, f"There is no tool {call.name[:64]!r}. There are: {known}"))
    parts.live.show(turn.conversation_id, "looking", {"text": tool.looking})
    looked = await look(call, turn.asking, parts.approvals)
    size = len(looked.content.encode())
    if size > parts.bounds.result_bytes:
        why = f"{call.name} found more than the agent may read ({size} bytes)."
        return Ran(call, _failed(call, why), ends=Ends(give=why))
    result = CallResult(call_id=call.id, name=call.name, content=looked.content, ok=looked.ok)
    return Ran(call, result, card=looked.card)


async def _write(call: ToolCall, turn: Turn, parts: AgentParts) -> Ran:
    async with parts.approvals.store.begin() as work:
        state = await work.value(
            select(_CONVERSATION.c.state).where(_CONVERSATION.c.id == turn.conversation_id)
        )
        wrote_meanwhile = bool(await unheard(work, turn.conversation_id))
    if state != "open":
        return Ran(call, _failed(call, as_content(not_run(TAKEN))), ends=Ends())
    if wrote_meanwhile:
        return Ran(call, _failed(call, as_content(not_run(FIRST_READ))))
    sent = await _as_sent(call, turn, parts)
    if sent is None:
        return Ran(call, _failed(call, as_content(not_run(NO_RECEIPT))))
    outcome = await submit(sent, _asking(turn, parts), parts.approvals)
    result = CallResult(call_id=call.id, name=call.name, content=as_content(told(outcome)), ok=True)
    return Ran(call, result, ends=_ends(sent, outcome))


def _asking(turn: Turn, parts: AgentParts) -> Asking:
    """For whom, and by which model where it is not the house's own: what another earned does not carry it."""
    if turn.model is parts.model:
        return turn.asking
    return replace(turn.asking, model=f"{turn.model.name} {turn.model.version}")


async def _as_sent(call: ToolCall, turn: Turn, parts: AgentParts) -> ToolCall | None:
    """An answer as the customer will get it, so that a reviewer reads exactly that; None when it may not leave."""
    text = call.args.get("text") if call.name == ANSWER and isinstance(call.args, dict) else None
    if not isinstance(text, str):
        return call
    async with parts.approvals.store.begin() as work:
        receipts = await receipt_kinds(work, turn.conversation_id)
    fit = fit_to_send(text, receipts=receipts, parts=parts)
    if fit == UNPROVEN:
        return None
    return call.model_copy(update={"args": {**call.args, "text": fit}})


def _ends(call: ToolCall, outcome: Outcome) -> Ends | None:
    """An answer that was sent or waits is the whole reply; what only people may do goes to them."""
    match outcome:
        case Executed(action_id=action_id) if call.name == ANSWER:
            return Ends(text=str(call.args["text"]), key=outcome_key(action_id))
        case Held() if call.name == ANSWER:
            return Ends(text=ANSWER_HELD)
        case HandedOver(because=because):
            return Ends(give=because)
        case _:
            return None


def outcome_key(action_id: str) -> str:
    """The key of the one message that tells what became of an action."""
    return f"outcome:{action_id}"


def _failed(call: ToolCall, why: str) -> CallResult:
    return CallResult(call_id=call.id, name=call.name, content=why, ok=False)
