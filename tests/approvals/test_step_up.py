"""The one-time code: it goes out whoever is gone, to nobody else, and no colleague can stand in for it."""

from collections.abc import AsyncIterator

import pytest
from approvals_bench import Bench, bench

from approvals import consent
from core.actions import Asked, Executed, Held
from core.clock import StillClock
from core.errors import Conflict, Invalid
from store.work import Store
from tools.sandbox.people import PEOPLE

OLD = next(p for p in PEOPLE if p.key == "mara")
YOUNG = next(
    p
    for p in PEOPLE
    if p.account
    and p.account.contact_changed_days_ago is not None
    and 1 < p.account.contact_changed_days_ago < 3
)


async def _asked(made: Bench) -> str:
    looked = await made.look("get_account")
    assert looked.ok, looked.content
    account = looked.content.split('"id":"')[1].split('"')[0]
    asked = await made.submit("send_password_reset", account_id=account)
    assert isinstance(asked, Asked), asked
    return asked.action_id


async def _yes(made: Bench, action_id: str) -> object:
    row = await made.row(action_id)
    return await consent.confirm(
        row.id, digest=row.digest, who=made.asking.who, event="button", parts=made.parts
    )


def _codes(made: Bench, to: str) -> list[str]:
    mails = made.sandbox.world.find("mail.message", to=to)
    return [m["text"].split("Your code is ")[1][:6] for m in mails if "Your code is " in m["text"]]


@pytest.fixture
async def made(store: Store, database: str, clock: StillClock) -> AsyncIterator[Bench]:
    async with bench(store, database, clock, OLD.key, "password_reset") as found:
        yield found


async def test_the_mailed_code_is_what_it_takes(made: Bench) -> None:
    action_id = await _asked(made)
    assert isinstance(await _yes(made, action_id), Asked)
    [code] = _codes(made, OLD.email)
    with pytest.raises(Invalid):
        wrong = "000000" if code != "000000" else "000001"
        await consent.enter_code(action_id, wrong, who=made.asking.who, parts=made.parts)
    assert isinstance(await consent.enter_code(action_id, code, who=made.asking.who, parts=made.parts), Held)
    await made.review(action_id)
    assert isinstance(await made.execute(action_id), Executed)
    assert [e[1] for e in made.effects()] == ["password_reset"]


async def test_a_code_is_sent_by_the_job_when_the_vendor_was_silent_at_the_yes(made: Bench) -> None:
    action_id = await _asked(made)
    made.sandbox.faults.plan("okta", "GET", "timeout_before", times=30)
    assert isinstance(await _yes(made, action_id), Held)
    made.sandbox.faults.clear()
    await made.execute(action_id)
    assert (await made.row(action_id)).because == ["step_up"]
    await consent.ensure_code(action_id, made.parts)
    await consent.ensure_code(action_id, made.parts)
    assert len(_codes(made, OLD.email)) == 1


async def test_no_colleague_can_stand_in_for_a_code(store: Store, database: str, clock: StillClock) -> None:
    async with bench(store, database, clock, YOUNG.key, "password_reset") as made:
        action_id = await _asked(made)
        assert isinstance(await _yes(made, action_id), Held)
        with pytest.raises(Conflict, match="nobody can do it for them"):
            await made.review(action_id)
        assert _codes(made, YOUNG.email) == []
        assert (await made.review(action_id, "take_over")).state == "withdrawn"
        assert made.effects() == []
