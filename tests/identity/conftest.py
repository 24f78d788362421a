"""One pair of open doors for all tests of this folder; each test puts a world of its own behind them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from identity_bench import House, open_house
from pytest_asyncio import is_async_test

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The doors are served by the session's loop, so the tests run in it."""
    for item in items:
        if _HERE in item.path.parents and is_async_test(item):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session", autouse=True)
async def house() -> AsyncIterator[House]:
    async with open_house() as opened:
        yield opened
