"""/v1 for colleagues: what waits, one action with its evidence, decisions, standings and switches."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import ValidationError

from agent import with_person
from approvals import batch, claims, notes, own_numbers, queue, rehearsal, reviews, standing, switches
from approvals import undo as undoing
from approvals.detail import detail
from approvals.parts import Parts
from approvals.record import action_row
from core.errors import Invalid
from core.tool_spec import Risk
from service import wire, wire_reviews
from service.auth import ApproverOf, HandlerOf, OpsOf, PartsOf, ReaderOf, reviewer
from service.errors import ErrorBody, answer, field_errors

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (400, 401, 403, 404, 409, 410, 413, 415, 422, 503)
}
router = APIRouter(prefix="/v1", tags=["colleagues"], responses=_ERRORS)


def wanted(
    category: Annotated[str | None, Query(max_length=60)] = None,
    tier: Annotated[queue.Tier | None, Query()] = None,
    language: Annotated[str | None, Query(pattern="^[a-z]{2,3}$")] = None,
    risk: Annotated[Risk | None, Query()] = None,
    at_least: Annotated[int | None, Query(ge=0, le=10_000_000)] = None,
    at_most: Annotated[int | None, Query(ge=0, le=10_000_000)] = None,
    older_than: Annotated[int | None, Query(ge=0, le=100_000)] = None,
) -> queue.Wanted:
    """What of the queue is wanted; amounts in whole units of each action's currency, age in minutes."""
    return queue.Wanted(category, tier, language, risk, at_least, at_most, older_than)


WantedOf = Annotated[queue.Wanted, Depends(wanted)]


@router.get("/actions")
async def list_waiting(
    me: ReaderOf,
    parts: PartsOf,
    want: WantedOf,
    after: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=queue.MOST)] = queue.PAGE,
) -> wire.Queue:
    """Actions that wait for a colleague, the most urgent first, a part at a time."""
    found = await queue.waiting(parts.approvals, want, after=after, limit=limit, me=me.id)
    waiting = [wire.Entry.model_validate(entry) for entry in found.entries]
    return wire.Queue(waiting=waiting, total=found.total, next=found.next)


@router.get("/actions/{action_id}")
async def show_action(action_id: str, me: ReaderOf, parts: PartsOf) -> wire.Detail:
    """One action with everything a decision needs; opened by an approver, this is recorded."""
    opener = reviewer(me) if claims.SEES & me.roles else None
    return wire.Detail.model_validate(await detail(action_id, opener, parts.approvals))


@router.post("/actions/{action_id}/rehearse", response_model=wire_reviews.Rehearsed)
async def rehearse_edit(
    action_id: str, body: wire_reviews.Rehearsal, request: Request, me: ApproverOf, parts: PartsOf
) -> Any:
    """What an edit would lead to, judged by the same rules as of now; changes nothing."""
    wrong = await _wrong_args(action_id, body.args, parts.approvals)
    if wrong:
        return answer(request, 422, "invalid", "The edit does not fit yet.", fields=dict(wrong))
    found = await rehearsal.rehearse(action_id, body.args, reviewer(me), parts.approvals)
    return wire_reviews.Rehearsed.model_validate(found)


@router.post("/actions/{action_id}/undo")
async def undo_approval(action_id: str, me: ApproverOf, parts: PartsOf) -> wire.Done:
    """Takes one's own approval back while its window runs; the action waits again."""
    await undoing.undo(action_id, reviewer(me), parts.approvals)
    return wire.Done()


@router.post("/actions/{action_id}/leave")
async def leave_action(action_id: str, me: ApproverOf, parts: PartsOf) -> wire.Done:
    """Gives an action back that one had opened."""
    await claims.leave(action_id, reviewer(me), parts.approvals)
    return wire.Done()


@router.post("/actions/{action_id}/hand-on")
async def hand_on(
    action_id: str, body: wire_reviews.HandOn, me: ApproverOf, parts: PartsOf
) -> wire_reviews.HandedOn:
    """Gives a waiting action to a colleague, who has half an hour to open it."""
    name = await claims.hand_on(action_id, body.to, body.note, reviewer(me), parts.approvals)
    return wire_reviews.HandedOn(name=name)


@router.post("/actions/{action_id}/notes")
async def write_note(action_id: str, body: wire_reviews.NewNote, me: HandlerOf, parts: PartsOf) -> wire.Done:
    """Keeps a note for colleagues beside an action."""
    await notes.write_note(action_id, body.text, reviewer(me), parts.approvals)
    return wire.Done()


@router.post("/reviews/batch")
async def approve_batch(
    body: wire_reviews.Batch, me: ApproverOf, parts: PartsOf
) -> wire_reviews.BatchResults:
    """Approves several low-risk actions that were all opened; each for itself, with a sentence each."""
    shown = [(one.action_id, one.digest) for one in body.actions]
    results = await batch.approve_all(shown, reviewer(me), parts.approvals)
    return wire_reviews.BatchResults(
        results=[wire_reviews.BatchResult.model_validate(one) for one in results]
    )


@router.get("/me/numbers")
async def show_own_numbers(me: ReaderOf, parts: PartsOf) -> wire_reviews.Own:
    """How fast one decides, and how often colleagues decide the same kind alike."""
    return wire_reviews.Own.model_validate(await own_numbers.own_numbers(me.id, parts.approvals))


@router.post("/actions/{action_id}/reviews", response_model=wire.Reviewed)
async def review_action(
    action_id: str, body: wire.NewReview, request: Request, me: ApproverOf, parts: PartsOf
) -> Any:
    """Approve, edit, reject or take over exactly the digest that was shown."""
    if body.decision == "edit":
        if body.args is None:
            raise Invalid("An edit needs the new arguments.")
        if wrong := await _wrong_args(action_id, body.args, parts.approvals):
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


async def _wrong_args(action_id: str, args: Mapping[str, Any], parts: Parts) -> Mapping[str, str]:
    """Field -> sentence for arguments that do not fit the tool's own schema."""
    async with parts.store.begin() as work:
        tool = parts.write_tool((await action_row(work, action_id)).tool)
    if tool is None:
        return {}
    try:
        tool.args.model_validate(dict(args))
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
