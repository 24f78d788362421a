"""Reads under the gate: closed set, strict arguments, given ids; what they return becomes what may be named."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from sqlalchemy.dialects.postgresql import insert

from approvals.context import all_given, mandate
from approvals.gate import NOT_FOUND
from approvals.parts import Asking, Parts
from core.actions import ToolCall
from core.errors import ToolFailed, VendorError
from store.columns import table
from store.tables.conversation import ProvenanceRow
from tools.kit import Card, ReadTool, Result, given_ids, id_fields

_PROVENANCE = table(ProvenanceRow)


@dataclass(frozen=True, slots=True)
class Looked:
    """A read's answer as the model gets it, and as the customer sees it."""

    content: str
    ok: bool
    card: Card | None = None
    looking: str = ""


async def look(call: ToolCall, asking: Asking, parts: Parts) -> Looked:
    """Runs one read for the principal; the model's mistakes and vendors' troubles come back as sentences."""
    tool = parts.read_tool(call.name)
    if tool is None:
        await _refused(call.name, "closed_set", asking, parts)
        return Looked(f"There is no tool {call.name[:64]!r} here.", ok=False)
    try:
        args = tool.args.model_validate(call.args)
    except ValidationError as error:
        await _refused(call.name, "schema", asking, parts)
        wrong = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        return Looked(f"{call.name} was called wrongly: {wrong[:500]}", ok=False)
    stopped = await _stopped_by(tool, args, asking, parts)
    if stopped is not None:
        await _refused(call.name, stopped, asking, parts)
        return Looked(NOT_FOUND, ok=False)
    try:
        result = await tool.run(args, parts.scope(asking.who))
    except ToolFailed as failed:
        return Looked(str(failed), ok=False)
    except VendorError:
        return Looked("That system does not answer at the moment. Nothing was changed.", ok=False)
    await _remember(tool, result, asking, parts)
    return Looked(result.model_dump_json(), ok=True, card=tool.card(result), looking=tool.looking)


async def _stopped_by(tool: ReadTool[Any], args: Any, asking: Asking, parts: Parts) -> str | None:
    """The check that stops this read, None when it may run."""
    ids = [(kind, getattr(args, name)) for name, kind in id_fields(tool.args).items()]
    async with parts.store.begin() as work:
        if await mandate(work, tool.spec.name, asking, parts) is None:
            return "closed_set"
        given = await all_given(work, asking.conversation_id, [(k, v) for k, v in ids if v is not None])
        return None if given else "provenance"


async def _refused(name: str, check: str, asking: Asking, parts: Parts) -> None:
    """On record by the tool's own name; a made-up one could carry anything."""
    known = name if name in parts.tools else "unknown"
    async with parts.store.begin() as work:
        work.audit("read.refused", conversation=asking.conversation_id, tool=known, check=check)


async def _remember(tool: ReadTool[Any], result: Result, asking: Asking, parts: Parts) -> None:
    rows = [
        {
            "conversation_id": asking.conversation_id,
            "kind": kind,
            "value": value,
            "tool": tool.spec.name,
            "at": parts.clock.now(),
        }
        for kind, value in dict.fromkeys(given_ids(result))
    ]
    if rows:
        # Lost in a crash, an id may not be named and is read again.
        async with parts.store.begin(relaxed=True) as work:
            await work.run(insert(_PROVENANCE).values(rows).on_conflict_do_nothing())
