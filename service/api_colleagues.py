"""/v1 for colleagues: what waits, one action with its evidence, decisions, standings and switches."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import ValidationError

from agent import with_person
from approvals import queue, reviews, standing, switches
from approvals.parts import Parts
from core.errors import Invalid
from service import wire
from service.auth import ApproverOf, HandlerOf, OpsOf, PartsOf, ReaderOf, reviewer
from service.errors import ErrorBody, answer, field_errors

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 401, 403, 404, 409, 410, 413, 415, 422, 503)
}
router = APIRouter(prefix="/v1", tags=["colleagues"], responses=_ERRORS)


@router.get("/actions")
async def list_waiting(me: ReaderOf, parts: PartsOf) -> wire.Queue:
    """Actions that wait for a colleague, the most urgent first."""
    entries = await queue.waiting(parts.approvals)
    return wire.Queue(waiting=[wire.Entry.model_validate(entry) for entry in entries])


@router.get("/actions/{action_id}")
async def show_action(action_id: str, me: ReaderOf, parts: PartsOf) -> wire.Detail:
    """One action with everything a decision needs; opened by an approver, this is recorded."""
    opener = reviewer(me) if "approver" in me.roles else None
    return wire.Detail.model_validate(await queue.detail(action_id, opener, parts.approvals))


@router.post("/actions/{action_id}/reviews", response_model=wire.Reviewed)
async def review_action(
    action_id: str, body: wire.NewReview, request: Request, me: ApproverOf, parts: PartsOf
) -> Any:
    """Approve, edit, reject or take over exactly the digest that was shown."""
    wrong = await _wrong_args(action_id, body, parts.approvals)
    if wrong:
        return answer(request, 422, "invalid", "The edit does not fit yet.", fields=dict(wrong))
    decided = reviews.Decided(
        action_id=action_id,
        digest=body.digest,
        decision=body.decision,
        reason_code=body.reason_code,
        note=body.note,
        args=body.args,
    )
    return wire.Reviewed.model_validate(await reviews.decide(decided, reviewer(me), parts.approvals))


async def _wrong_args(action_id: str, body: wire.NewReview, parts: Parts) -> Mapping[str, str]:
    """Field -> sentence for an edit whose arguments do not fit the tool's own schema."""
    if body.decision != "edit":
        return {}
    if body.args is None:
        raise Invalid("An edit needs the new arguments.")
    tool = parts.write_tool((await queue.detail(action_id, None, parts)).tool)
    if tool is None:
        return {}
    try:
        tool.args.model_validate(body.args)
    except ValidationError as error:
        return field_errors(error.errors(include_url=False, include_input=False))
    return {}


@router.get("/handoffs")
async def list_handoffs(me: ReaderOf, parts: PartsOf) -> wire.Handoffs:
    """Conversations that are with a person, the longest waiting first."""
    found = await with_person.handed(parts.approvals)
    return wire.Handoffs(handoffs=[wire.Handoff.model_validate(one) for one in found])


@router.post("/conversations/{conversation_id}/reply")
async def reply_as_person(
    conversation_id: str, body: wire.PersonsReply, me: HandlerOf, parts: PartsOf
) -> wire.Done:
    """Writes to the customer as a person."""
    await with_person.reply(conversation_id, body.text, by=me.id, parts=parts.approvals)
    return wire.Done()


@router.post("/conversations/{conversation_id}/close")
async def close_as_person(
    conversation_id: str, body: wire.PersonsEnd, me: HandlerOf, parts: PartsOf
) -> wire.Done:
    """Ends a conversation that is with a person, and says whether it needed one."""
    await with_person.close_by_person(
        conversation_id,
        needed_person=body.needed_person,
        text=body.text,
        by=me.id,
        parts=parts.approvals,
    )
    return wire.Done()


@router.get("/standings")
async def list_standings(me: ReaderOf, parts: PartsOf) -> wire.Standings:
    """Where every category stands on the ladder."""
    places = await standing.standings(parts.approvals)
    return wire.Standings(standings=[wire.Place.model_validate(place) for place in places])


@router.post("/standings/{category}/graduate")
async def graduate_category(category: str, body: wire.Demotion, me: OpsOf, parts: PartsOf) -> wire.Moved:
    """Moves a category one rung up, signed by a person with a fresh login, only if its evidence allows it."""
    after = await standing.graduate(category, by=reviewer(me), reason=body.reason, parts=parts.approvals)
    return wire.Moved(standing=after)


@router.post("/standings/{category}/demote")
async def demote_category(category: str, body: wire.Demotion, me: OpsOf, parts: PartsOf) -> wire.Done:
    """Pulls a category back to observation, at once and for what waits too."""
    await standing.demote(category, by=reviewer(me), reason=body.reason, parts=parts.approvals)
    return wire.Done()


@router.get("/switches")
async def list_switches(me: ReaderOf, parts: PartsOf) -> wire.Switches:
    """Every kill switch that was ever thrown."""
    found = await switches.switches(parts.approvals)
    return wire.Switches(switches=[wire.Switch.model_validate(row) for row in found])


@router.post("/switches")
async def throw_switch(body: wire.Throw, me: OpsOf, parts: PartsOf) -> wire.Done:
    """Stops everything a switch covers from now on, or lets it run again."""
    await switches.set_switch(
        body.scope, body.key, on=body.on, by=reviewer(me), reason=body.reason, parts=parts.approvals
    )
    return wire.Done()
