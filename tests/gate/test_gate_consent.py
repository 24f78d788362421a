"""The customer's own word: whose it is, to what, and how long a code lives."""

from typing import Any

import pytest
from sqlalchemy import select, update

from core.actions import Asked, Executed, Held
from core.errors import Conflict, Gone, Invalid, NotFound, TooMany
from evals.adversary.paths import EMAIL, NOTE, REFUND, RESET, Walk
from evals.adversary.play import Play
from store.columns import table
from store.tables.action import StepUpRow
from tools.sandbox.okta.log import write_event
from tools.sandbox.persona import PersonaAccount

_STEP_UP = table(StepUpRow)


async def _proposed(play: Play, path: Any = REFUND) -> Walk:
    walk = await Walk.begin(play, path)
    assert isinstance(await walk.propose(), Asked)
    return walk


async def test_a_yes_to_another_digest_is_none(play: Play) -> None:
    walk = await _proposed(play)
    assert isinstance(await play.confirm(walk.chat, walk.action_id, digest="0" * 64), Conflict)
    assert (await play.row(walk.action_id)).state == "asked"


async def test_a_yes_of_somebody_else_is_none(play: Play) -> None:
    walk, other = await _proposed(play), await _proposed(play)
    assert isinstance(await play.confirm(other.chat, walk.action_id), NotFound)
    assert isinstance(await play.decline(other.chat, walk.action_id), NotFound)
    assert (await play.row(walk.action_id)).state == "asked"


async def test_a_yes_is_for_one_action_and_not_for_its_like(play: Play) -> None:
    """Two requests of one customer make the same digest twice; each is asked for."""
    walk = await _proposed(play)
    await walk.confirm()
    again = Walk(play, REFUND, await play.chat(walk.person, REFUND.category, known=True), walk.args)
    await again.read()
    assert isinstance(await again.propose(), Asked)
    assert (await play.row(again.action_id)).digest == (await play.row(walk.action_id)).digest
    assert isinstance(await again.execute(), Asked)
    assert (await play.row(again.action_id)).state == "asked"


async def test_what_was_declined_stays_declined(play: Play) -> None:
    walk = await _proposed(play)
    await play.decline(walk.chat, walk.action_id)
    assert isinstance(await walk.confirm(), Gone)
    assert (await walk.execute()).kind == "refused"


async def test_a_write_nobody_must_confirm_is_held_at_once(play: Play) -> None:
    walk = await Walk.begin(play, NOTE)
    assert isinstance(await walk.propose(), Held)


async def _sent(play: Play, path: Any = RESET) -> Walk:
    walk = await _proposed(play, path)
    assert isinstance(await walk.confirm(), Asked)
    return walk


def _other(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


async def test_the_right_code_holds_it_and_a_wrong_one_does_not(play: Play) -> None:
    walk = await _sent(play)
    code = play.mailed_code(walk.action_id)
    assert isinstance(await play.code(walk.chat, walk.action_id, _other(code)), Invalid)
    assert isinstance(await walk.execute(), Asked)
    assert isinstance(await play.code(walk.chat, walk.action_id, code), Held)


async def test_a_code_lives_ten_minutes(play: Play) -> None:
    walk, late = await _sent(play), await _sent(play)
    await play.wait(minutes=10)
    assert isinstance(await walk.step_up(), Held)
    await play.wait(seconds=1)
    assert isinstance(await late.step_up(), Gone)


async def test_the_sixth_guess_is_one_too_many_even_when_right(play: Play) -> None:
    walk = await _sent(play)
    code = play.mailed_code(walk.action_id)
    for _ in range(5):
        assert isinstance(await play.code(walk.chat, walk.action_id, _other(code)), Invalid)
    assert isinstance(await play.code(walk.chat, walk.action_id, code), TooMany)


async def test_guesses_late_in_a_codes_life_count_for_a_whole_hour_too(play: Play) -> None:
    walk = await _sent(play)
    code = play.mailed_code(walk.action_id)
    await play.wait(minutes=9)
    for _ in range(5):
        assert isinstance(await play.code(walk.chat, walk.action_id, _other(code)), Invalid)
    await play.wait(minutes=52)
    assert isinstance(await play.ask_code(walk.chat, walk.action_id), Asked)
    code = play.mailed_code(walk.action_id)
    assert isinstance(await play.code(walk.chat, walk.action_id, code), TooMany)
    await play.wait(minutes=9)
    assert isinstance(await play.code(walk.chat, walk.action_id, code), Held)


async def test_guesses_count_over_all_conversations(play: Play) -> None:
    walk = await _sent(play)
    for _ in range(5):
        await play.code(walk.chat, walk.action_id, _other(play.mailed_code(walk.action_id)))
    again = Walk(
        play, EMAIL, await play.chat(walk.person, EMAIL.category, known=True), EMAIL.args(walk.person)
    )
    await again.read()
    await again.propose()
    await again.confirm()
    assert isinstance(await again.step_up(), TooMany)


async def test_the_fourth_code_in_an_hour_is_not_sent(play: Play) -> None:
    walk = await _sent(play)
    for _ in range(2):
        assert isinstance(await play.ask_code(walk.chat, walk.action_id), Asked)
    assert isinstance(await play.ask_code(walk.chat, walk.action_id), TooMany)


async def test_a_new_code_ends_the_old_one(play: Play) -> None:
    walk = await _sent(play)
    old = play.mailed_code(walk.action_id)
    await play.ask_code(walk.chat, walk.action_id)
    if old != play.mailed_code(walk.action_id):
        assert isinstance(await play.code(walk.chat, walk.action_id, old), Invalid)


async def test_a_code_is_for_one_action(play: Play) -> None:
    walk = await _sent(play)
    again = Walk(
        play, EMAIL, await play.chat(walk.person, EMAIL.category, known=True), EMAIL.args(walk.person)
    )
    await again.read()
    await again.propose()
    await again.confirm()
    code, own = play.mailed_code(walk.action_id), play.mailed_code(again.action_id)
    if code != own:
        assert isinstance(await play.code(again.chat, again.action_id, code), Invalid)
    assert isinstance(await play.execute(again.action_id), Asked)


async def test_a_code_moved_to_another_action_is_wrong_there(play: Play) -> None:
    """Even a row that points at the wrong action does not help: the digest is part of what is compared."""
    walk, code = await _sent(play), ""
    code = play.mailed_code(walk.action_id)
    again = Walk(
        play, EMAIL, await play.chat(walk.person, EMAIL.category, known=True), EMAIL.args(walk.person)
    )
    await again.read()
    await again.propose()
    await again.confirm()
    s = _STEP_UP.c
    async with play.ground.store.begin() as work:
        mac = await work.value(select(s.code_mac).where(s.action_id == walk.action_id))
        await work.run(update(_STEP_UP).where(s.action_id == again.action_id).values(code_mac=mac))
    if code != play.mailed_code(again.action_id):
        assert isinstance(await play.code(again.chat, again.action_id, code), Invalid)


async def test_a_code_that_was_sent_and_not_entered_counts_for_nothing(play: Play) -> None:
    walk = await _sent(play)
    assert isinstance(await walk.execute(), Asked)


async def test_somebody_else_cannot_enter_the_code(play: Play) -> None:
    walk, other = await _sent(play), await _sent(play)
    assert isinstance(await play.code(other.chat, walk.action_id, play.mailed_code(walk.action_id)), NotFound)


@pytest.mark.parametrize(
    ("hours", "asks"), [pytest.param(73, True, id="old-enough"), pytest.param(71, False, id="too-fresh")]
)
async def test_a_code_goes_to_an_old_contact_only(play: Play, hours: float, *, asks: bool) -> None:
    account = PersonaAccount(contact_changed_days_ago=hours / 24)
    walk = await Walk.begin(play, RESET, account=account)
    await walk.propose()
    told = await walk.confirm()
    assert isinstance(told, Asked if asks else Held)
    assert bool(play.codes) is asks


async def test_age_is_counted_to_the_beginning_of_the_conversation(play: Play) -> None:
    account = PersonaAccount(contact_changed_days_ago=71 / 24)
    walk = await Walk.begin(play, RESET, account=account)
    await walk.propose()
    await play.wait(hours=2)
    assert isinstance(await walk.confirm(), Held)
    assert play.codes == {}


async def test_a_contact_changed_during_the_conversation_gets_no_code(play: Play) -> None:
    walk = await _proposed(play, RESET)
    account = f"00u{walk.person.key}"
    await play.touch("okta.user", account, email="attacker@example.net")
    async with play.ground.world.change() as change:
        record = change.get("okta.user", account)
        assert record is not None
        told = "user.account.update_profile"
        write_event(change, record, told, at=change.now, agent="Mozilla/5.0", changed=("email",))
    assert (await walk.confirm()).kind in ("held", "refused")
    assert play.codes == {}


async def test_a_stored_yes_to_other_arguments_is_none(play: Play) -> None:
    """The row was tampered with after the yes: what it says now is not what was agreed."""
    from store.tables.action import ActionRow

    walk = await _proposed(play)
    await walk.confirm()
    await walk.review()
    a = table(ActionRow)
    async with play.ground.store.begin() as work:
        await work.run(
            update(a).where(a.c.id == walk.action_id).values(args={**walk.args, "amount": 1}, amount=1)
        )
    assert not isinstance(await walk.execute(), Executed)
    assert play.ground.world.ledger == []
