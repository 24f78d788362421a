"""The sandbox with the people billing's tests speak of."""

from collections.abc import AsyncIterator

import pytest
from billing_bench import Bench, opened

from tools.sandbox.people import PEOPLE


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """An open sandbox with everybody in it."""
    async with opened(*PEOPLE) as made:
        yield made
