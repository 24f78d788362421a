"""Everybody of the sandbox has the account their persona says, readable through the SDKs."""

from identity_bench import opened, principal

from tools.identity.facts import account_facts
from tools.identity.own import own_account
from tools.sandbox.people import PEOPLE


async def test_every_persona_has_exactly_the_account_described() -> None:
    async with opened(*PEOPLE) as bench:
        for person in PEOPLE:
            scope = bench.scope(principal(person.key))
            account = await own_account(scope)
            if person.account is None:
                assert account is None, person.key
                continue
            assert account is not None, person.key
            assert account.vendor == person.account.vendor
            assert account.email == person.email
            assert account.external_id == person.external_id
            assert account.admin is person.account.admin
            assert (account.status == "locked") is (person.account.status == "locked")
            assert len(account.factors) == len(person.account.factors)
            assert (await account_facts(account, scope)).get("account.contact_dated") is True


async def test_the_boundaries_of_the_identity_rules_are_among_them() -> None:
    held = [p.account for p in PEOPLE if p.account is not None]
    days = [a.contact_changed_days_ago for a in held if a.contact_changed_days_ago is not None]
    assert any(d * 24 < 24 for d in days)
    assert any(71 <= d * 24 < 72 for d in days)
    assert any(72 <= d * 24 <= 73.5 for d in days)
    assert {a.vendor for a in held} == {"okta", "auth0"}
    assert any(a.admin for a in held)
    assert any(a.status == "locked" for a in held)
    assert any(p.account is None for p in PEOPLE)
