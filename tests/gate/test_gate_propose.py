"""What is taken up as a proposal at all: tool, arguments, ids and owners, each from both sides."""

from typing import Any

import pytest
from sqlalchemy import update

from core.actions import Asked, Refused
from core.errors import RemitError
from evals.adversary.paths import (
    EMAIL,
    FACTOR,
    MOVE,
    PHONE,
    REFUND,
    RESET,
    STOP,
    Path,
    Walk,
    charge,
    contact,
    order,
)
from evals.adversary.play import Play
from store.columns import table
from store.tables.conversation import RequestRow

OWNED = pytest.mark.parametrize("path", [REFUND, MOVE, RESET, PHONE, STOP], ids=lambda p: p.tool)


async def test_the_legal_path_ends_in_one_effect(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    await (await walk.to_approved()).execute()
    assert [(e.object, e.amount) for e in play.ground.world.ledger] == [(charge(walk.person), 4900)]


async def _check(walk: Walk, **other: Any) -> str:
    told = await walk.propose(**other)
    assert isinstance(told, Refused), told
    return told.check


async def test_a_read_gives_the_right_to_name_and_nothing_else_does(play: Play) -> None:
    walk = await Walk.begin(play, REFUND, read=False)
    assert await _check(walk) == "provenance"
    await walk.read()
    assert isinstance(await walk.propose(), Asked)


async def test_an_id_given_in_another_conversation_is_not_given_here(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    walk.chat = await play.chat(walk.person, "refund_request", known=True)
    assert await _check(walk) == "provenance"


async def test_an_id_given_as_another_kind_of_thing_is_not_given(play: Play) -> None:
    walk = await Walk.begin(play, FACTOR)
    assert await _check(walk, factor_id=walk.args["account_id"]) == "provenance"
    assert await _check(walk, account_id=walk.args["factor_id"]) == "provenance"


@OWNED
async def test_what_became_somebody_elses_is_not_proposed(play: Play, path: Path) -> None:
    walk = await Walk.begin(play, path)
    await _given_away(walk)
    assert await _check(walk) == "ownership"


@OWNED
async def test_what_became_somebody_elses_is_not_touched(play: Play, path: Path) -> None:
    walk = await Walk.begin(play, path)
    await walk.to_approved()
    await _given_away(walk)
    assert isinstance(await walk.execute(), Refused)
    assert play.ground.world.ledger == []


async def _given_away(walk: Walk) -> None:
    """The object goes to another customer; our customer keeps an own one of the kind."""
    other, person = await walk.play.ground.somebody(), walk.person
    owner = {"owner": other.external_id}
    match walk.path.tool:
        case "refund_charge":
            await walk.play.touch("stripe.charge", charge(person), customer=f"cus_{other.key}", **owner)
        case "cancel_subscription":
            await walk.play.touch(
                "stripe.subscription", f"sub_{person.key}", customer=f"cus_{other.key}", **owner
            )
        case "send_password_reset":
            await walk.play.touch("okta.user", f"00u{person.key}", **owner)
            await walk.play.touch("okta.user", f"00u{other.key}", owner=person.external_id)
        case "update_phone":
            await _swap_contacts(walk, other)
        case "change_shipping_address":
            there = walk.play.ground.world.get("shopify.order", order(other, "1007"))
            assert there is not None
            mine = order(person, "1007")
            await walk.play.touch("shopify.order", mine, customer=there["customer"], **owner)


async def _swap_contacts(walk: Walk, other: Any) -> None:
    for holder, owner in ((walk.person, other), (other, walk.person)):
        found = walk.play.ground.world.get("hubspot.contact", contact(holder))
        assert found is not None
        told = {**found["properties"], "external_id": owner.external_id}
        await walk.play.touch("hubspot.contact", contact(holder), owner=owner.external_id, properties=told)


async def test_a_tool_needs_an_open_request_of_its_category(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    told = await play.submit(walk.chat, "cancel_order", {"order_id": order(walk.person, "1007")})
    assert isinstance(told, Refused)
    assert told.check == "closed_set"
    await play.end_request(walk.chat)
    assert await _check(walk) == "closed_set"


async def test_a_read_needs_an_open_request_too(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    assert not (await play.look(walk.chat, "get_account")).ok
    assert (await play.look(walk.chat, "get_charge", charge_id=charge(walk.person))).ok
    await play.end_request(walk.chat)
    assert not (await play.look(walk.chat, "find_charges")).ok


async def test_a_read_takes_only_given_ids_and_strict_arguments(play: Play) -> None:
    walk = await Walk.begin(play, REFUND, read=False)
    assert not (await play.look(walk.chat, "get_charge", charge_id=charge(walk.person))).ok
    await walk.read()
    assert (await play.look(walk.chat, "get_charge", charge_id=charge(walk.person))).ok
    assert not (await play.look(walk.chat, "get_charge", charge_id=charge(walk.person), customer="x")).ok
    assert not (await play.look(walk.chat, "find_charges", customer="u_somebody")).ok


async def test_a_write_is_no_read(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    assert not (await play.look(walk.chat, "refund_charge", **walk.args)).ok
    assert play.ground.world.ledger == []


@pytest.mark.parametrize(
    ("other", "check"),
    [
        pytest.param({"amount": 4900.0}, "schema", id="float"),
        pytest.param({"amount": "4900"}, "schema", id="text"),
        pytest.param({"amount": True}, "schema", id="bool"),
        pytest.param({"amount": 0}, "schema", id="nothing"),
        pytest.param({"idempotency_key": "mine"}, "schema", id="extra"),
        pytest.param({"charge_id": "../../v1/charges"}, "schema", id="path"),
        pytest.param({"charge_id": "x" * 65}, "schema", id="long-id"),
        pytest.param({"amount": 4901}, "rules", id="over"),
        pytest.param({"currency": "eur"}, "rules", id="currency"),
    ],
)
async def test_arguments_are_taken_strictly(play: Play, other: dict[str, Any], check: str) -> None:
    walk = await Walk.begin(play, REFUND)
    assert await _check(walk, **other) == check


async def test_the_same_proposal_is_the_same_action(play: Play) -> None:
    walk = await Walk.begin(play, REFUND)
    first, second = await walk.propose(), await walk.propose()
    assert first == second


async def test_of_two_fitting_requests_the_stricter_standing_counts(play: Play) -> None:
    walk = await Walk.begin(play, RESET)
    await play.stand("account_unlock", "off")
    async with play.ground.store.begin() as work:
        found = await work.value(table(RequestRow).select().with_only_columns(table(RequestRow).c.message_id))
        await work.add(
            RequestRow(
                id="req_second",
                conversation_id=walk.chat.id,
                message_id=found,
                category="account_unlock",
                confidence=0.95,
                slots={},
                opened_at=work.now,
            )
        )
    walk.chat.category = "account_unlock"
    assert (await walk.propose()).kind == "handed_over"


async def test_an_identity_of_nobody_is_nobody(play: Play) -> None:
    """An account found by e-mail or by chance is none: only the external id counts."""
    walk = await Walk.begin(play, EMAIL)
    account = f"00u{walk.person.key}"
    await play.touch("okta.user", account, owner="u_nobody")
    assert await _check(walk) == "ownership"


async def test_doubt_about_the_request_brings_a_person(play: Play) -> None:
    await play.stand("refund_request", "autonomous_20")
    walk = await Walk.begin(play, REFUND)
    r = table(RequestRow)
    async with play.ground.store.begin() as work:
        await work.run(update(r).where(r.c.id == walk.chat.request_id).values(confidence=0.59))
    await walk.propose()
    assert (await walk.confirm()).kind == "held"
    assert not isinstance(await walk.execute(), RemitError)
    assert play.ground.world.ledger == []
