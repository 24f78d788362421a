"""Pages and downloads of the numbers: each opens its definition, its trend and the rows it was counted from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from core.errors import NotFound
from insights.conversation import conversation
from insights.counts import NOTHING, Counts, Place
from insights.export import document, numbers_csv, rows_csv
from insights.measures import MEASURES, Measure, band_in_words, baseline_in_words, in_words
from insights.numbers import DAYS, Board, board, weeks
from insights.rows import PAGE, rows
from insights.watch import watches
from service.auth import PartsOf, ReaderOf
from service.names import names_of
from service.ops_head import ops_head
from service.parts import ServiceParts
from service.plot import Plot, Point, plot
from service.render import page

router = APIRouter(include_in_schema=False)
Days = Annotated[int, Query(ge=1, le=365)]
Category = Annotated[str, Query(max_length=60)]
# What stands together on the page, and what the table of categories shows.
GROUPS: Sequence[tuple[str, Sequence[str]]] = (
    ("Was it solved?", ("resolved_alone", "deflected", "reopened", "repeated")),
    ("Were people needed?", ("escalated", "escalation_right", "unmodified", "colleague_time")),
    ("How did it go?", ("csat_agent", "csat_assisted", "csat_person", "cost_model")),
    (
        "How long did it take?",
        ("first_response_agent", "first_response_person", "resolution_agent", "resolution_person"),
    ),
)
COLUMNS = ("resolved_alone", "deflected", "escalated", "unmodified", "repeated", "csat_agent")
# A file for a spreadsheet, not a dump of the database.
MOST_ROWS = 10_000


@router.get("/ops/numbers")
async def numbers_page(
    request: Request, me: ReaderOf, parts: PartsOf, days: Days = 30, category: Category = ""
) -> Response:
    """Every number of a stretch of time, all together or of one category."""
    titles = _titles(parts)
    chosen = _known(category, titles)
    found = await board(parts.store, days=days)
    return page(
        request,
        "numbers.html",
        board=found,
        groups=[(title, [found.number(key, chosen) for key in keys]) for title, keys in GROUPS],
        columns=[MEASURES[key] for key in COLUMNS],
        watches=await watches(parts.store),
        **_said(found, days, chosen, titles),
        **await ops_head(me, parts),
    )


@router.get("/ops/numbers.csv")
async def numbers_as_csv(me: ReaderOf, parts: PartsOf, days: Days = 30) -> Response:
    """Every number of every category, for a spreadsheet."""
    return _download(numbers_csv(await board(parts.store, days=days)), f"remit-numbers-{days}-days.csv")


@router.get("/ops/numbers.json")
async def numbers_as_json(me: ReaderOf, parts: PartsOf, days: Days = 30) -> Response:
    """The same with definitions, for a program; `/v1/numbers` gives it to the API."""
    headers = {"Content-Disposition": f'attachment; filename="remit-numbers-{days}-days.json"'}
    return JSONResponse(document(await board(parts.store, days=days)), headers=headers)


@router.get("/ops/numbers/{key}")
async def number_page(
    request: Request,
    key: str,
    me: ReaderOf,
    parts: PartsOf,
    days: Days = 30,
    category: Category = "",
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """One number: definition, baseline, band, trend, each category, and its rows."""
    measure, titles = _measure(key), _titles(parts)
    chosen = _known(category, titles)
    found = await board(parts.store, days=days)
    behind = await rows(parts.store, key, found.window, category=chosen, offset=offset, limit=PAGE + 1)
    return page(
        request,
        "number.html",
        board=found,
        measure=measure,
        number=found.number(key, chosen),
        by_category=[found.number(key, one) for one in found.categories],
        drawn=_drawn(measure, chosen, await weeks(parts.store)),
        rows=behind[:PAGE],
        offset=offset,
        next=offset + PAGE if len(behind) > PAGE else None,
        names=await names_of(parts.store),
        **_said(found, days, chosen, titles),
        **await ops_head(me, parts),
    )


@router.get("/ops/numbers/{key}/rows.csv")
async def rows_as_csv(
    key: str, me: ReaderOf, parts: PartsOf, days: Days = 30, category: Category = ""
) -> Response:
    """The rows of one number, ids and times only."""
    _measure(key)
    chosen = _known(category, _titles(parts))
    window = (await board(parts.store, days=days)).window
    found = await rows(parts.store, key, window, category=chosen, limit=MOST_ROWS)
    return _download(rows_csv(key, found), f"remit-{key}.csv")


@router.get("/ops/conversations/{conversation_id}")
async def conversation_page(request: Request, conversation_id: str, me: ReaderOf, parts: PartsOf) -> Response:
    """One conversation as it is counted."""
    return page(
        request,
        "conversation.html",
        found=await conversation(parts.store, conversation_id),
        now=parts.clock.now(),
        names=await names_of(parts.store),
        titles=_titles(parts),
    )


def _titles(parts: ServiceParts) -> Mapping[str, str]:
    return {one.category: one.title for one in parts.approvals.catalog.categories.values()}


def _known(category: str, titles: Mapping[str, str]) -> str | None:
    """The category asked for; a category that was taken out of the catalog since has numbers, but no page."""
    if category and category not in titles:
        raise NotFound(f"There is no category {category!r}.")
    return category or None


def _measure(key: str) -> Measure:
    if key not in MEASURES:
        raise NotFound(f"There is no number {key!r}; there are: {', '.join(MEASURES)}.")
    return MEASURES[key]


def _said(found: Board, days: int, category: str | None, titles: Mapping[str, str]) -> dict[str, Any]:
    return {
        "days": days,
        "spans": DAYS,
        "category": category or "",
        "titles": titles,
        "in_words": in_words,
        "band": band_in_words,
        "against": baseline_in_words,
        "now": found.window.stop,
    }


def _drawn(
    measure: Measure, category: str | None, by_week: Mapping[datetime, Mapping[Place, Counts]]
) -> Plot | None:
    """The number week by week; None while there is no week with a value."""
    points = []
    for start, counts in by_week.items():
        reading = measure.read(counts.get(Place("week", category), NOTHING))
        label = f"Week from {start:%Y-%m-%d}: {in_words(reading.value, measure.unit)} of {reading.of}"
        points.append(Point(start.timestamp(), reading.value, label))
    if all(point.y is None for point in points):
        return None
    edges = ((measure.band.low, "at least"), (measure.band.high, "at most"))
    return plot(
        f"{measure.title}, week by week",
        points,
        bars=[
            (value, f"{words} {in_words(value, measure.unit)}") for value, words in edges if value is not None
        ],
        across=[(start.timestamp(), f"{start:%d %b}") for start in list(by_week)[::4]],
        in_words=lambda value: in_words(value, measure.unit),
        at_most=1.0 if measure.unit == "share" else None,
    )


def _download(text: str, name: str) -> Response:
    # A byte-order mark, so that spreadsheets read it as UTF-8.
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response("\ufeff" + text, media_type="text/csv; charset=utf-8", headers=headers)
