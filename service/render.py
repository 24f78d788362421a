"""Pages from templates: everything escaped, nothing inline, one environment."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from core.money import Money
from service import wording

_HERE = Path(__file__).parent
STATIC = _HERE / "static"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        ago=wording.ago,
        since=wording.since,
        left=wording.left,
        at=wording.at,
        iso=_iso,
        money=lambda amount, currency: str(Money(amount, currency)),
        label=wording.label,
        count=wording.count,
    )
    return made


def page(
    request: Request,
    template: str,
    /,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """The template filled in; `me` (the colleague logged in) and `now` are always there."""
    values.setdefault("me", getattr(request.state, "colleague", None))
    values.setdefault("now", datetime.now(UTC))
    values["path"] = request.url.path
    return HTMLResponse(
        _templates().get_template(template).render(values), status_code=status, headers=dict(headers or {})
    )


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
