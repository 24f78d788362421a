"""Each procedure, followed to the letter on the sandbox's people: it ends where it should, judged on real facts."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from rehearsal import Gave, Proposed, Spoke, Stage, opened
from rehearsal_cases import GIVES, PROPOSES, SAYS

from policies.load import load_catalog
from tools.toolset import specs, toolset

FOLDER = Path(__file__).parents[2] / "policies" / "catalog"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage() -> AsyncIterator[Stage]:
    async with opened(toolset(), load_catalog(FOLDER, specs())) as made:
        yield made


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("category", "who", "words", "tool", "kind", "rule"),
    [pytest.param(c, who, words, *rest, id=name) for (c, who, words, name), *rest in PROPOSES],
)
async def test_it_proposes_the_right_write(
    stage: Stage, category: str, who: str, words: Sequence[str], tool: str, kind: str, rule: str
) -> None:
    end = await stage.rehearse(who, category, *words)
    assert isinstance(end, Proposed), end
    assert (end.tool, end.verdict.kind) == (tool, kind), end
    assert rule in end.rules
    assert stage.world.ledger == []


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("category", "who", "words", "said"),
    [pytest.param(c, who, words, said, id=name) for (c, who, words, name), said in SAYS],
)
async def test_it_says_or_asks_the_right_thing(
    stage: Stage, category: str, who: str, words: Sequence[str], said: str
) -> None:
    end = await stage.rehearse(who, category, *words)
    assert isinstance(end, Spoke), end
    assert said in end.text
    assert stage.world.ledger == []


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("category", "who", "words", "reason"),
    [pytest.param(c, who, words, reason, id=name) for (c, who, words, name), reason in GIVES],
)
async def test_it_gives_to_a_person(
    stage: Stage, category: str, who: str, words: Sequence[str], reason: str
) -> None:
    end = await stage.rehearse(who, category, *words)
    assert isinstance(end, Gave), end
    assert reason in end.reason
    assert stage.world.ledger == []


@pytest.mark.asyncio(loop_scope="module")
async def test_the_double_charge_of_the_demo_goes_back_once_and_whole(stage: Stage) -> None:
    end = await stage.rehearse(
        "mara", "duplicate_charge", "I was charged twice for order 1042, I want my money back"
    )
    assert isinstance(end, Proposed)
    assert end.args == {
        "charge_id": "ch_mara_second",
        "amount": 4900,
        "currency": "usd",
        "reason": "duplicate",
    }


@pytest.mark.asyncio(loop_scope="module")
async def test_a_late_parcel_is_told_with_regret(stage: Stage) -> None:
    end = await stage.rehearse("yara", "order_status", "where is my order")
    assert isinstance(end, Proposed)
    assert end.args["closes"] is True
    assert "is late. I am sorry about that." in end.args["text"]


def test_every_category_is_rehearsed() -> None:
    rehearsed = {row[0][0] for rows in (PROPOSES, SAYS, GIVES) for row in rows}
    assert rehearsed == set(load_catalog(FOLDER, specs()).categories)
