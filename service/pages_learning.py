"""What is learnt from reviews, as pages: a scenario to take along, and notes on their way into the prompt."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from core.errors import Invalid
from evals.from_reviews import Drafted, checked, drafted, person_of
from insights import corrections
from insights.reviewed import Reviewed, reviewed
from service.auth import OpsOf, PartsOf, ReaderOf, reviewer
from service.parts import ServiceParts
from service.render import page
from tools.sandbox.people import PEOPLE

router = APIRouter(include_in_schema=False)
_KEYS = frozenset(person.key for person in PEOPLE)


@router.get("/ops/scenarios/{action_id}")
async def scenario_page(
    request: Request, action_id: str, me: ReaderOf, parts: PartsOf, person: str = ""
) -> Response:
    """The scenario of an edit or rejection, to be checked before it is taken along."""
    found = await _reviewed(action_id, parts)
    if not person and person_of(found.customer.id, _KEYS) is None:
        return _shown(request, action_id, found, None, person="")
    return _shown(request, action_id, found, _drafted(found, person), person=person)


@router.post("/ops/scenarios/{action_id}")
async def take_scenario(
    request: Request,
    action_id: str,
    me: ReaderOf,
    parts: PartsOf,
    text: Annotated[str, Form(max_length=60_000)] = "",
    person: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """The checked scenario as a file; what does not load comes back with its line."""
    found = await _reviewed(action_id, parts)
    text = text.replace("\r\n", "\n")
    category = found.proposed.category
    try:
        scenarios = checked(text, category, people=_KEYS)
    except Invalid as wrong:
        return _shown(request, action_id, found, _drafted(found, person), person, text, str(wrong), 400)
    headers = {"Content-Disposition": f'attachment; filename="{scenarios[0].id}.yaml"'}
    return Response(text, media_type="application/yaml; charset=utf-8", headers=headers)


@router.post("/ops/corrections")
async def draft_note(me: OpsOf, parts: PartsOf, action_id: Annotated[str, Form(max_length=100)]) -> Response:
    """Drafts a note from a review and goes where it is checked."""
    await corrections.draft(action_id, by=reviewer(me), parts=parts.approvals)
    category = (await _reviewed(action_id, parts)).proposed.category
    return _back(category)


@router.post("/ops/corrections/{correction_id}")
async def change_note(
    correction_id: str,
    me: OpsOf,
    parts: PartsOf,
    what: Annotated[str, Form(max_length=20)],
    text: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Approves a note with its checked wording, or drops it."""
    by = reviewer(me)
    if what == "approve":
        await corrections.approve(correction_id, text, by=by, parts=parts.approvals)
    elif what == "withdraw":
        await corrections.withdraw(correction_id, by=by, parts=parts.approvals)
    else:
        raise Invalid("A note is approved or dropped.")
    return _back(await corrections.category_of(correction_id, parts.approvals))


@router.post("/ops/categories/{category}/release")
async def release_notes(category: str, me: OpsOf, parts: PartsOf) -> Response:
    """Shows every approved note of a category to the agent from now on."""
    await corrections.release(category, by=reviewer(me), parts=parts.approvals)
    return _back(category)


async def _reviewed(action_id: str, parts: ServiceParts) -> Reviewed:
    async with parts.store.begin() as work:
        return await reviewed(work, action_id)


def _drafted(found: Reviewed, person: str) -> Drafted | None:
    """None where nothing can be drafted by code yet; the page says why."""
    if not person and person_of(found.customer.id, _KEYS) is None:
        return None
    if person and person not in _KEYS:
        raise Invalid(f"The sandbox has no person {person!r}.")
    return drafted(found, people=_KEYS, person=person or None)


def _shown(
    request: Request,
    action_id: str,
    found: Reviewed,
    made: Drafted | None,
    person: str,
    text: str | None = None,
    problem: str = "",
    status: int = 200,
) -> Response:
    values: dict[str, Any] = {
        "action_id": action_id,
        "title": found.proposed.preview.get("title", ""),
        "made": made,
        "text": text if text is not None else (made.text if made else ""),
        "problem": problem,
        "person": person,
        "people": sorted(_KEYS),
        "category": found.proposed.category,
    }
    return page(request, "scenario.html", status=status, **values)


def _back(category: str) -> Response:
    return RedirectResponse(f"/ops/categories/{category}#notes", status_code=303)
