"""Pages for ops: every category on one ladder, and one page per category that says whether it may run alone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from math import exp

from fastapi import APIRouter, Request
from fastapi.responses import Response

from approvals.ladder.audits import SHARES
from approvals.ladder.words import share
from approvals.standing import LADDER_ITSELF
from core.standing import Standing
from insights.category import RUNG_TITLES, CategoryView, Step, category_view
from insights.overview import by_rung, overview
from insights.watch import watches
from service.auth import PartsOf, ReaderOf
from service.names import names_of
from service.ops_head import ops_head
from service.parts import ServiceParts
from service.plot import Plot, Point, plot
from service.render import page

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
    view = await category_view(category, parts.approvals)
    head = await ops_head(me, parts)
    stop = next((s for s in head["switches"] if s.on and (s.scope, s.key) == ("category", category)), None)
    return page(
        request,
        "category.html",
        view=view,
        policy=view.policy,
        now=parts.clock.now(),
        titles=RUNG_TITLES,
        stop=stop,
        answer=answer_of(view, stopped=stop is not None or head["frozen"] is not None),
        forecast=forecast_in_words(view),
        rises=rise_in_words(view),
        drawn=drawn(view),
        watches=[one for one in await watches(parts.store) if one.category == category],
        share=share,
        exp=exp,
        audit_share=SHARES.get(view.standing),
        names=await _names(parts),
        **head,
    )


async def _names(parts: ServiceParts) -> Mapping[str, str]:
    return {**await names_of(parts.store), LADDER_ITSELF: "the ladder's own rules"}


def answer_of(view: CategoryView, *, stopped: bool) -> tuple[str, str]:
    """The first sentence of a category's page, and its tone."""
    audited = SHARES.get(view.standing)
    if stopped:
        return "No. Everything here is stopped.", "bad"
    if view.standing == "suspended":
        return "No. It is suspended.", "bad"
    if audited is not None:
        return (
            f"Yes. What the rules allow runs alone; {share(audited)} of tickets are checked afterwards.",
            "good",
        )
    if view.policy.tier == 3:
        return "No. This belongs to people; the agent only prepares it.", ""
    if view.policy.tier == 2:
        return "No. A colleague decides on every action here, whatever the evidence.", ""
    if view.next in SHARES and view.may_rise:
        return "Not yet, but it may: its evidence allows it, and a person in ops decides.", "good"
    if view.standing in ("off", "shadow"):
        return f"No. It stands on {RUNG_TITLES[view.standing].lower()}: people do this work.", ""
    return "Not yet. A colleague reviews every action.", ""


def forecast_in_words(view: CategoryView) -> str:
    """What is still needed, as in `about 140 more clean reviews, 9 days at the present rate`."""
    found = view.forecast
    if found is None:
        return ""
    if found.tickets is None:
        return "No number of reviews is enough while reviewers have not shown that they notice errors."
    rate = f"at the present rate of {found.per_day:.1f} a day"
    if found.tickets == 0:
        return f"The evidence is there; {found.days} more days are asked." if found.days else ""
    more = f"about {found.tickets:,} more clean {'review' if found.tickets == 1 else 'reviews'}"
    if found.days is None:
        return f"{more}; nothing was reviewed lately, so nobody can say how long that takes."
    return f"{more}, {found.days:,} {'day' if found.days == 1 else 'days'} {rate}."


def rise_in_words(view: CategoryView) -> str:
    """What moving it up changes, said before it is done."""
    rung: Standing | None = view.next
    if rung is None:
        return ""
    audited = SHARES.get(rung)
    if audited is None:
        return f"From now on it stands on {RUNG_TITLES[rung].lower()}. Nothing runs without a colleague."
    held = "What the rules leave to a person is held as before."
    return (
        f"From now on what the rules of {view.policy.title.lower()} allow runs without a review; "
        f"{share(audited)} of tickets are checked afterwards. {held}"
    )


def drawn(view: CategoryView) -> Plot | None:
    """The evidence over time with the bar it must reach; None before the first ticket."""
    if not view.curve or view.shown is None:
        return None
    points = [Point(step.at.timestamp(), step.log_e, _read(step)) for step in view.curve]
    bars = [(view.bar, f"the bar of {RUNG_TITLES[view.next].lower()}")] if view.bar and view.next else []
    errors = [Point(s.at.timestamp(), s.log_e, _read(s)) for s in view.curve if s.error]
    return plot(
        f"Evidence for {view.policy.title} over time",
        points,
        bars=bars,
        across=_dates([step.at for step in view.curve]),
        in_words=lambda value: f"{value:g}",
        flags=errors,
    )


def _read(step: Step) -> str:
    wrong = ", an error" if step.error else ""
    return f"{step.at:%Y-%m-%d}: ticket {step.n}{wrong}, log E {step.log_e:.2f}"


def _dates(times: Sequence[datetime]) -> list[tuple[float, str]]:
    """The first, the middle and the last day of a stretch."""
    first, last = times[0], times[-1]
    if first.date() == last.date():
        return [(first.timestamp(), f"{first:%d %b}")]
    middle = first + (last - first) / 2
    return [(at.timestamp(), f"{at:%d %b}") for at in (first, middle, last)]
