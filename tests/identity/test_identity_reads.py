"""get_account: the principal's own account, masked, and one sentence for everybody who has none."""

import pytest
from identity_bench import ANONYMOUS, PREFIX, opened, persona, principal

from core.errors import ToolFailed
from core.ids import is_id
from tools.identity.reads import NO_ACCOUNT, READS, AccountRow, GetAccount
from tools.kit import Scope, given_ids

GET_ACCOUNT = READS[0]


async def get_account(scope: Scope) -> AccountRow:
    row = await GET_ACCOUNT.run(GetAccount(), scope)
    assert isinstance(row, AccountRow)
    return row


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_the_own_account_is_found_by_external_id_with_its_contact_masked(vendor: str) -> None:
    async with opened(persona("mara", vendor, factors=("totp", "sms", "webauthn"))) as bench:
        row = await get_account(bench.scope(principal("mara")))
    assert row.id == PREFIX[vendor] + "mara"
    assert row.email_masked == "m•••@example.com"
    assert row.status == "active"
    assert not row.locked
    assert [f.kind for f in row.factors] == ["totp", "sms", "webauthn"]
    assert "mara@" not in row.model_dump_json()


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_its_ids_are_typed_and_fit_to_come_back_as_arguments(vendor: str) -> None:
    async with opened(persona("mara", vendor, factors=("totp", "sms"))) as bench:
        given = list(given_ids(await get_account(bench.scope(principal("mara")))))
    assert [kind for kind, _ in given] == ["account", "factor", "factor"]
    assert all(is_id(value) for _, value in given)
    assert len({value for _, value in given}) == 3


@pytest.mark.parametrize(("vendor", "link"), [("okta", "00umara"), ("auth0", "a0_mara")])
async def test_a_linked_id_saves_the_search_but_proves_nothing(vendor: str, link: str) -> None:
    async with opened(persona("mara", vendor), persona("bo", vendor)) as bench:
        row = await get_account(bench.scope(principal("mara", **{vendor: link})))
        assert row.id == link
        assert all("search" not in e.query and "q=" not in e.query for e in bench.wire[vendor].exchanges)
        with pytest.raises(ToolFailed, match=NO_ACCOUNT):
            await get_account(bench.scope(principal("bo", **{vendor: link})))


async def test_an_account_of_auth0_may_be_linked_under_the_first_vendor() -> None:
    async with opened(persona("mara", "auth0")) as bench:
        assert (await get_account(bench.scope(principal("mara", okta="a0_mara")))).id == "a0_mara"


async def test_without_an_account_and_without_a_name_the_answer_is_the_same() -> None:
    async with opened(persona("mara")) as bench:
        with pytest.raises(ToolFailed) as unknown:
            await get_account(bench.scope(principal("nobody")))
        with pytest.raises(ToolFailed) as anonymous:
            await get_account(bench.scope(ANONYMOUS))
        with pytest.raises(ToolFailed) as gone:
            await get_account(bench.scope(principal("mara", okta="00ugone")))
    assert str(unknown.value) == str(anonymous.value) == str(gone.value) == NO_ACCOUNT


async def test_no_factor_is_an_empty_list_and_says_so_on_the_card() -> None:
    async with opened(persona("mara", factors=())) as bench:
        row = await get_account(bench.scope(principal("mara")))
    assert row.factors == ()
    card = GET_ACCOUNT.card(row)
    assert card is not None
    assert ("Second factors", "none") in card.rows
    assert ("E-mail", "m•••@example.com") in card.rows


async def test_a_persona_without_an_account_has_none_anywhere() -> None:
    async with opened(persona("mara").model_copy(update={"account": None})) as bench:
        with pytest.raises(ToolFailed):
            await get_account(bench.scope(principal("mara")))


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_a_search_cannot_be_widened_by_quotes(vendor: str) -> None:
    async with opened(persona("mara", vendor), persona("bo", vendor)) as bench:
        for wanted in ('u_mara" or id pr', "*", "u_", "U_MARA", "mara@example.com", '"', "\\"):
            assert await bench.adapter(vendor).find_account(wanted) is None


async def test_a_login_is_not_taken_for_an_id() -> None:
    async with opened(persona("mara")) as bench:
        assert await bench.okta.account("mara@example.com") is None
        assert await bench.auth0.account("00umara") is None
