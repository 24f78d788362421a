"""Whether this process lives, and whether it can work."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import literal, select

from core.breaker import BreakerState
from service.auth import PartsOf
from service.errors import ErrorBody

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Readiness(Health):
    """`asked` says of each vendor, and of the model, whether it is asked now; a vendor that is down stops its own only."""

    asked: dict[str, BreakerState]


@router.get("/healthz")
async def is_alive() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", responses={503: {"model": ErrorBody}})
async def is_ready(parts: PartsOf) -> Readiness:
    """The database answers too; 503 otherwise."""
    async with parts.store.begin() as work:
        await work.value(select(literal(1)))
    return Readiness(asked=dict(parts.breakers.states()))
