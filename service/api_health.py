"""Whether this process lives, and whether it can work."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel
from sqlalchemy import literal, select

from service.auth import PartsOf
from service.errors import ErrorBody

router = APIRouter(tags=["health"])


class Health(BaseModel):
    status: Literal["ok"] = "ok"


@router.get("/healthz")
async def is_alive() -> Health:
    """The process answers."""
    return Health()


@router.get("/readyz", responses={503: {"model": ErrorBody}})
async def is_ready(parts: PartsOf) -> Health:
    """The database answers too; 503 otherwise."""
    async with parts.store.begin() as work:
        await work.value(select(literal(1)))
    return Health()
