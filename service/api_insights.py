"""/v1 for the numbers: every measure with its definition, overall and by category, and the rows behind one."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from core.errors import NotFound
from insights.export import document
from insights.measures import MEASURES
from insights.numbers import board
from insights.rows import PAGE, rows
from service import wire_insights as wire
from service.auth import PartsOf, ReaderOf
from service.errors import ErrorBody

_ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorBody} for status in (401, 403, 404, 422, 503)
}
router = APIRouter(prefix="/v1", tags=["numbers"], responses=_ERRORS)
Days = Annotated[int, Query(ge=1, le=365)]
Category = Annotated[str | None, Query(max_length=60)]


@router.get("/numbers")
async def list_numbers(
    me: ReaderOf, parts: PartsOf, days: Days = 30, category: Category = None
) -> wire.Numbers:
    """Every number of the last `days` days: all together and by category, or of one category."""
    if category is not None and parts.approvals.catalog.get(category) is None:
        raise NotFound(f"There is no category {category!r}.")
    return wire.Numbers.model_validate(document(await board(parts.store, days=days), category))


@router.get("/numbers/{measure}/rows")
async def list_rows(
    measure: str,
    me: ReaderOf,
    parts: PartsOf,
    days: Days = 30,
    category: Category = None,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> wire.Rows:
    """The rows a number was counted from, the newest first, fifty at a time."""
    if measure not in MEASURES:
        raise NotFound(f"There is no number {measure!r}; there are: {', '.join(MEASURES)}.")
    window = (await board(parts.store, days=days)).window
    found = await rows(parts.store, measure, window, category=category, offset=offset)
    following = offset + PAGE if len(found) == PAGE else None
    return wire.Rows(measure=measure, rows=[wire.Row.model_validate(one) for one in found], next=following)
