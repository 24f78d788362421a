"""Pages for ops: the ladder with every category on it."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from approvals import standing
from service.auth import PartsOf, ReaderOf
from service.names import names_of
from service.ops_head import ops_head
from service.render import page

router = APIRouter(include_in_schema=False)
# The ladder as people read it, lowest first; `suspended` and `off` stand beside it.
RUNGS = (
    ("off", "Off"),
    ("suspended", "Suspended"),
    ("shadow", "Shadow"),
    ("observation", "Observation"),
    ("autonomous_20", "Alone, 20 % checked"),
    ("autonomous_5", "Alone, 5 % checked"),
    ("autonomous_2", "Alone, 2 % checked"),
)


@router.get("/ops")
async def ops_page(request: Request, me: ReaderOf, parts: PartsOf) -> Response:
    """Every category on the ladder."""
    return page(
        request,
        "ops.html",
        now=parts.clock.now(),
        places=await standing.standings(parts.approvals),
        rungs=RUNGS,
        names=await names_of(parts.store),
        **await ops_head(me, parts),
    )
