"""The unit of work on connections that die and commits that do not wait."""

import psycopg
import pytest
from sqlalchemy import text

from core.clock import StillClock
from core.errors import Unavailable
from store.work import Store, engine_for

_BACKEND = text("select pg_backend_pid()")


def _end(database: str, backend: int) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("select pg_terminate_backend(%s, 5000)", [backend])


async def test_a_connection_that_died_while_idle_is_replaced(database: str, clock: StillClock) -> None:
    store = Store(clock=clock, engine=engine_for(database, size=1, ask_after=0))
    async with store.begin() as work:
        first = await work.value(_BACKEND)
    _end(database, first)
    async with store.begin() as work:
        assert await work.value(_BACKEND) != first
    await store.close()


async def test_one_that_died_in_use_is_unavailable_once(database: str, clock: StillClock) -> None:
    store = Store(clock=clock, engine=engine_for(database, size=1, ask_after=3600))
    async with store.begin() as work:
        first = await work.value(_BACKEND)
    _end(database, first)
    with pytest.raises(Unavailable):
        async with store.begin() as work:
            await work.value(_BACKEND)
    async with store.begin() as work:
        assert await work.value(_BACKEND) != first
    await store.close()


@pytest.mark.parametrize(("relaxed", "setting"), [(True, "off"), (False, "on")])
async def test_only_a_relaxed_commit_does_not_wait_for_the_disk(
    store: Store, relaxed: bool, setting: str
) -> None:
    async with store.begin(relaxed=relaxed) as work:
        assert await work.value(text("show synchronous_commit")) == setting
    async with store.begin() as work:
        assert await work.value(text("show synchronous_commit")) == "on"
