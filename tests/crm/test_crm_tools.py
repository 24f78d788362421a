"""The CRM tools: whose contact they show, the facts at each boundary, and who is told before a number changes."""

from typing import Any

import pytest
from pydantic import ValidationError
from shop_bench import NOW, Bench, contact_id, opened, permit, person

from core.errors import ToolFailed, VendorDown, VendorRefused, VendorUnsure
from core.facts import misfits
from core.ids import ActionId
from tools.crm.contact_details import is_phone, masked_phone
from tools.crm.reads import READS
from tools.crm.writes import WRITES
from tools.kit import ReadTool, WriteTool, given_ids, id_fields

READ: dict[str, ReadTool[Any]] = {tool.spec.name: tool for tool in READS}
WRITE: dict[str, WriteTool[Any]] = {tool.spec.name: tool for tool in WRITES}
NEW = {"line1": "9 Other Road", "city": "Shelbyville", "zip": "54321", "country": "US"}
MORE: dict[str, dict[str, Any]] = {
    "update_phone": {"phone": "+1 555 0199"},
    "update_address": NEW,
    "add_note": {"text": "Asked twice"},
}
IDA = person("ida", phone="+1 555 0142")
BO = person("bo")


def made(name: str, contact: str | None = None, **change: Any) -> Any:
    return WRITE[name].args(contact_id=contact or contact_id(IDA), **MORE[name] | change)


async def facts(bench: Bench, name: str, **change: Any) -> dict[str, Any]:
    found = await WRITE[name].facts(made(name, **change), bench.scope(IDA))
    assert misfits(found, WRITE[name].spec.facts) == []
    return found.values()


async def test_the_contact_is_the_customers_own_with_its_phone_masked() -> None:
    bench, tool = await opened(IDA, BO), READ["get_contact"]
    found = await tool.run(tool.args(), bench.scope(IDA))
    assert list(given_ids(found)) == [("contact", contact_id(IDA))]
    assert (found.name, found.tier, found.health, found.owner) == (
        "Ida Holm",
        "standard",
        "good",
        "Dana Reyes",
    )
    assert (found.phone_masked, found.address) == ("••• 42", "1 Sample Street, Springfield 12345, US")
    assert "0142" not in found.model_dump_json()


async def test_who_has_no_contact_is_told_so() -> None:
    bench, tool = await opened(IDA), READ["get_contact"]
    assert (await tool.run(tool.args(), bench.unlinked(IDA))).id == contact_id(IDA)
    for nobody in (bench.stranger(IDA), bench.anonymous(IDA)):
        with pytest.raises(ToolFailed):
            await tool.run(tool.args(), nobody)


@pytest.mark.parametrize("name", sorted(WRITE))
def test_the_contact_named_is_an_id_with_provenance_and_the_one_target(name: str) -> None:
    assert id_fields(WRITE[name].args) == {"contact_id": "contact"}
    assert WRITE[name].targets(made(name, "7")) == ("contact:7",)


@pytest.mark.parametrize("name", sorted(WRITE))
async def test_a_write_is_owned_by_the_contact_itself_alone(name: str) -> None:
    bench, tool = await opened(IDA, BO), WRITE[name]
    assert await tool.owned(made(name), bench.scope(IDA)) is True
    assert await tool.owned(made(name), bench.scope(BO)) is False
    assert await tool.owned(made(name), bench.unlinked(IDA)) is True
    assert await tool.owned(made(name), bench.stranger(IDA)) is False
    assert await tool.owned(made(name), bench.anonymous(IDA)) is False
    assert await tool.owned(made(name, "1"), bench.scope(IDA)) is False
    with pytest.raises(VendorRefused, match="not there any more"):
        await tool.execute(made(name, contact_id(BO)), permit(), bench.scope(IDA))
    assert bench.world.ledger == []


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("update_phone", {"phone": 15550199}),
        ("update_phone", {"phone": ""}),
        ("update_phone", {"owner": "u_bo"}),
        ("update_address", {"country": "Germany"}),
        ("update_address", {"country": "us"}),
        ("update_address", {"line1": "x" * 101}),
        ("add_note", {"text": ""}),
        ("add_note", {"text": "x" * 2001}),
    ],
)
def test_ill_typed_arguments_are_refused(name: str, change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        made(name, **change)


@pytest.mark.parametrize(
    ("phone", "is_one"),
    [
        pytest.param("5550199", True, id="seven-digits"),
        pytest.param("555019", False, id="six-digits"),
        pytest.param("+123456789012345", True, id="fifteen-digits"),
        pytest.param("+1234567890123456", False, id="sixteen-digits"),
        pytest.param("+1 (555) 010-0199", True, id="with-marks"),
        pytest.param("555 0199 ext 4", False, id="letters"),
        pytest.param("+1 555 0199;rm", False, id="other-marks"),
        pytest.param("１２３４５６７８", False, id="other-digits"),
        pytest.param("--------", False, id="no-digits"),
    ],
)
async def test_phone_facts(phone: str, is_one: bool) -> None:
    assert is_phone(phone) is is_one
    assert (await facts(await opened(IDA), "update_phone", phone=phone))["phone.well_formed"] is is_one


def test_a_masked_phone_shows_two_digits_at_most() -> None:
    assert [masked_phone(text) for text in ("+1 555 0142", "", "none")] == ["••• 42", "", ""]


@pytest.mark.parametrize(("country", "same"), [("US", True), ("CA", False)])
async def test_address_facts(country: str, same: bool) -> None:
    found = await facts(await opened(IDA), "update_address", country=country)
    assert (found["address.well_formed"], found["address.same_country"]) == (True, same)


async def test_facts_carry_the_customers_tier() -> None:
    found = await facts(await opened(IDA), "add_note", text="12345")
    assert found == {
        "note.length": 5,
        "customer.tier": "standard",
        "customer.tier_known": True,
        "customer.health": "good",
    }


@pytest.mark.parametrize(
    ("name", "kind", "title"),
    [
        ("update_phone", "phone_change", "Phone number changed"),
        ("update_address", "address_change", "Address changed"),
        ("add_note", "note", "Passed on to the team"),
    ],
)
@pytest.mark.parametrize("lost", [False, True])
async def test_a_write_is_one_effect_found_again_by_its_action(
    name: str, kind: str, title: str, lost: bool
) -> None:
    bench, tool = await opened(IDA), WRITE[name]
    if lost:
        bench.faults.plan(
            "hubspot", "POST /crm/v3/objects/notes?" if name == "add_note" else "PATCH", "timeout_after"
        )
        with pytest.raises(VendorUnsure):
            await tool.execute(made(name), permit(), bench.scope(IDA))
    else:
        receipt = await tool.execute(made(name), permit(), bench.scope(IDA))
        assert (receipt.kind, receipt.object, receipt.title, receipt.at) == (
            kind,
            contact_id(IDA),
            title,
            NOW,
        )
    (effect,) = bench.world.ledger
    assert (effect.kind, effect.object, effect.action_id) == (kind, contact_id(IDA), "act_one")
    found = await tool.look_up(made(name), ActionId("act_one"), bench.scope(IDA))
    assert found is not None
    assert (found.kind, found.title, found.at) == (kind, title, NOW)
    assert await tool.look_up(made(name), ActionId("act_two"), bench.scope(IDA)) is None


async def test_a_note_sent_again_is_the_same_note() -> None:
    bench, tool = await opened(IDA), WRITE["add_note"]
    first = await tool.execute(made("add_note"), permit(), bench.scope(IDA))
    assert await tool.execute(made("add_note"), permit(), bench.scope(IDA)) == first
    assert len(bench.world.ledger) == 1


async def test_the_mail_on_file_is_told_before_the_number_changes() -> None:
    bench = await opened(IDA)
    receipt = await WRITE["update_phone"].execute(made("update_phone"), permit(), bench.scope(IDA))
    (letter,) = bench.mail.letters
    assert (letter.to, letter.key) == ("ida@example.com", "act_one-old-contact")
    assert "0199" not in letter.text
    assert [(line.before, line.after) for line in receipt.lines] == [("••• 42", "+1 555 0199")]


async def test_without_the_letter_the_number_stays() -> None:
    bench = await opened(IDA)
    bench.mail.failing = VendorUnsure("smtp", "no answer")
    with pytest.raises(VendorDown, match="nothing was changed"):
        await WRITE["update_phone"].execute(made("update_phone"), permit(), bench.scope(IDA))
    assert bench.world.ledger == []


async def test_a_contact_that_cannot_be_read_before_a_write_means_nothing_was_sent() -> None:
    bench = await opened(IDA)
    bench.faults.plan("hubspot", "GET", "malformed", times=3)
    with pytest.raises(VendorDown, match="nothing was sent"):
        await WRITE["update_address"].execute(made("update_address"), permit(), bench.scope(IDA))
    assert bench.world.ledger == []


async def test_an_address_receipt_keeps_the_former_one() -> None:
    bench = await opened(IDA)
    receipt = await WRITE["update_address"].execute(made("update_address"), permit(), bench.scope(IDA))
    (line,) = receipt.lines
    assert (line.before, line.after) == (
        "1 Sample Street, Springfield 12345, US",
        "9 Other Road, Shelbyville 54321, US",
    )
