"""The contact on file: where codes go, and what counts as an address."""

from datetime import timedelta

import pytest
from identity_bench import ANONYMOUS, NOW, opened, permit, persona, principal

from core.errors import VendorRefused
from tools.identity.contact import ContactOnFile, contact_on_file, is_email, masked


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_the_contact_comes_from_the_provider_with_its_date(vendor: str) -> None:
    async with opened(persona("mara", vendor, contact_changed_days_ago=4)) as bench:
        # What the host application says of the e-mail does not matter.
        who = principal("mara").model_copy(update={"email": "attacker@example.com"})
        found = await contact_on_file(bench.scope(who))
    assert found == ContactOnFile(email="mara@example.com", since=NOW - timedelta(days=4))


async def test_without_an_account_or_a_name_there_is_no_contact() -> None:
    async with opened(persona("mara")) as bench:
        assert await contact_on_file(bench.scope(principal("nobody"))) is None
        assert await contact_on_file(bench.scope(ANONYMOUS)) is None


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_an_account_without_an_email_has_no_contact(vendor: str) -> None:
    silent = persona("mara", vendor).model_copy(update={"email": ""})
    async with opened(silent, persona("bo", vendor).model_copy(update={"email": ""})) as bench:
        account = await bench.either.find_account("u_mara")
        assert account is not None
        assert account.email == ""
        assert await contact_on_file(bench.scope(principal("mara"))) is None
        if vendor == "auth0":
            with pytest.raises(VendorRefused, match="no e-mail"):
                await bench.either.send_password_reset(account.id, permit())
            assert bench.effects() == []


async def test_an_address_no_mail_can_reach_is_no_contact() -> None:
    broken = persona("mara").model_copy(update={"email": "mara(at)example.com"})
    async with opened(broken) as bench:
        assert await contact_on_file(bench.scope(principal("mara"))) is None


@pytest.mark.parametrize(
    ("text", "well_formed"),
    [
        ("a@example.com", True),
        ("first.last+tag@mail.example.co", True),
        ("a" * 64 + "@example.com", True),
        ("a" * 65 + "@example.com", False),
        ("a@" + "b" * 60 + ".example.com", True),
        ("", False),
        ("example.com", False),
        ("a@example", False),
        ("a..b@example.com", False),
        ("a@exa mple.com", False),
        ("a@example.com\n", False),
        ("a@example.com, b@example.com", False),
        ("a@example.com\r\nBcc: b@example.com", False),
        ("ä@example.com", False),
        ("a@exämple.com", False),
        ("a@[192.0.2.1]", False),
    ],
)
def test_one_plain_address_and_nothing_else(text: str, well_formed: bool) -> None:
    assert is_email(text) is well_formed


@pytest.mark.parametrize(
    ("email", "shown"),
    [
        ("dana@example.com", "d•••@example.com"),
        ("d@example.com", "d•••@example.com"),
        ("@example.com", "•••@example.com"),
        ("", "•••"),
        ("no-address", "•••"),
    ],
)
def test_a_mask_shows_one_letter_and_the_host(email: str, shown: str) -> None:
    assert masked(email) == shown
