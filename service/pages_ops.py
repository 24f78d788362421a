"""Pages for ops: every category on one ladder, and one page per category that says whether it may run alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import exp

from fastapi import APIRouter, Request
from fastapi.responses import Response

from approvals.ladder.audits import SHARES
from approvals.ladder.views import Point as Look
from approvals.ladder.words import share
from approvals.standing import LADDER_ITSELF
from core.standing import Standing
from insights.category import RUNG_TITLES, Judgement, falls, judgement
from insights.corrections import corrections
from insights.overview import by_rung, overview
from insights.watch import watches
from service.auth import PartsOf, ReaderOf
from service.names import names_of
from service.ops_head import ops_head
from service.parts import ServiceParts
from service.plot import Plot, Point, plot
from service.render import page
from service.wording import count

router = APIRouter(include_in_schema=False)


@router.get("/ops")
async def ops_page(request: Request, me: ReaderOf, parts: PartsOf) -> Response:
    """Every category on the ladder."""
    spots = await overview(parts.approvals)
    return page(
        request,
        "ops.html",
        now=parts.clock.now(),
        rungs=by_rung(spots),
        spots=spots,
        titles=RUNG_TITLES,
        names=await _names(parts),
        **await ops_head(me, parts),
    )


@router.get("/ops/categories/{category}")
async def category_page(request: Request, category: str, me: ReaderOf, parts: PartsOf) -> Response:
    """May it run alone, why not, what would it take, what happened lately."""
    found = await judgement(category, parts.approvals)
    head = await ops_head(me, parts)
    stop = next((s for s in head["switches"] if s.on and (s.scope, s.key) == ("category", category)), None)
    return page(
        request,
        "category.html",
        found=found,
        view=found.view,
        policy=found.policy,
        now=parts.clock.now(),
        titles=RUNG_TITLES,
        stop=stop,
        answer=answer_of(found, stopped=stop is not None or head["frozen"] is not None),
        forecast=forecast_in_words(found),
        rises=rise_in_words(found),
        drawn=drawn(found),
        watches=[one for one in await watches(parts.store) if one.category == category],
        share=share,
        exp=exp,
        audit_share=SHARES.get(found.view.standing),
        notes=await corrections(category, parts.approvals),
        names=await _names(parts),
        **head,
    )


async def _names(parts: ServiceParts) -> Mapping[str, str]:
    return {**await names_of(parts.store), LADDER_ITSELF: "the ladder's own rules"}


def answer_of(found: Judgement, *, stopped: bool) -> tuple[str, str]:
    """The first sentence of a category's page, and its tone."""
    audited = SHARES.get(found.view.standing)
    if stopped:
        return "No. Everything here is stopped.", "bad"
    if found.view.standing == "suspended":
        return "No. It is suspended.", "bad"
    if audited is not None:
        return (
            f"Yes. What the rules allow runs alone; {share(audited)} of tickets are checked afterwards.",
            "good",
        )
    if found.policy.tier == 3:
        return "No. This belongs to people; the agent only prepares it.", ""
    if found.policy.tier == 2:
        return "No. A colleague decides on every action here, whatever the evidence.", ""
    if found.next in SHARES and found.may_rise:
        return "Not yet, but it may: its evidence allows it, and a person in ops decides.", "good"
    if found.view.standing in ("off", "shadow"):
        return f"No. It stands on {RUNG_TITLES[found.view.standing].lower()}: people do this work.", ""
    return "Not yet. A colleague reviews every action.", ""


def forecast_in_words(found: Judgement) -> str:
    """What is still needed, as in `about 140 more clean reviews, 9 days at the present rate`."""
    need = found.need
    if need is None:
        return ""
    if need.tickets is None:
        return "No number of reviews is enough while reviewers have not shown that they notice errors."
    if need.tickets == 0:
        asked = "is asked" if need.days == 1 else "are asked"
        return f"The evidence is there; {count(need.days, 'more day')} {asked}." if need.days else ""
    more = f"about {count(need.tickets, 'more clean review')}"
    if need.days is None:
        return f"{more}; nothing was reviewed lately, so nobody can say how long that takes."
    return f"{more}, {count(need.days, 'day')} at the present rate of {need.per_day:.1f} a day."


def rise_in_words(found: Judgement) -> str:
    """What moving it up changes, said before it is done."""
    rung: Standing | None = found.next
    if rung is None:
        return ""
    audited = SHARES.get(rung)
    if audited is None:
        return f"From now on it stands on {RUNG_TITLES[rung].lower()}. Nothing runs without a colleague."
    return (
        f"From now on what the rules of {found.policy.title.lower()} allow runs without a review; "
        f"{share(audited)} of tickets are checked afterwards. What the rules leave to a person is held as before."
    )


def drawn(found: Judgement) -> Plot | None:
    """The evidence over time with the bar it must reach; None before the first ticket."""
    curve = found.view.curve
    if not curve:
        return None
    wrong = falls(curve)
    bars = [(found.bar, f"the bar of {RUNG_TITLES[found.next].lower()}")] if found.bar and found.next else []
    return plot(
        f"Evidence for {found.policy.title} over time",
        [_point(look) for look in curve],
        bars=bars,
        across=_dates([look.at for look in curve]),
        flags=[_point(look, ", an error") for look in wrong],
    )


def _point(look: Look, more: str = "") -> Point:
    label = f"{look.at:%Y-%m-%d}: ticket {look.n}{more}, log E {look.log_e:.2f}"
    return Point(look.at.timestamp(), look.log_e, label)


def _dates(times: Sequence[datetime]) -> list[tuple[float, str]]:
    """The first, the middle and the last day of a stretch."""
    first, last = times[0], times[-1]
    if first.date() == last.date():
        return [(first.timestamp(), f"{first:%d %b}")]
    middle = first + (last - first) / 2
    return [(at.timestamp(), f"{at:%d %b}") for at in (first, middle, last)]
