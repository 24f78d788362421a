"""The house without its systems: a catalog, a database and a clock are all that counting needs."""

from typing import Any, cast

import pytest

from approvals.parts import Parts
from core.clock import StillClock
from policies.load import load_catalog
from service.paths import CATALOG
from store.jobs import Jobs, connect
from store.work import Store
from tools.toolset import toolset


class Nobody(Jobs):
    """No worker runs behind these tests: what is due stays undone."""

    async def defer(self, work: object, task: str, **more: object) -> None:
        return None


@pytest.fixture
def jobs(database: str) -> Jobs:
    return Nobody(connect(database))


@pytest.fixture
def parts(store: Store, clock: StillClock, jobs: Jobs) -> Parts:
    tools = toolset()
    catalog = load_catalog(CATALOG, {name: tool.spec for name, tool in tools.items()})
    return Parts(
        store=store,
        clock=clock,
        catalog=catalog,
        tools=tools,
        systems=cast(Any, None),
        jobs=jobs,
        secret=b"a secret of thirty-two characters",
    )
