"""What the rules see of an account, on both sides of every boundary: one world, only read from."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from identity_bench import PREFIX, Bench, opened, persona, principal

from core.facts import FactSet, FactValue
from tools.identity.reads import READS, GetAccount
from tools.identity.writes import WRITES
from tools.kit import Args

TOOLS = {tool.spec.name: tool for tool in WRITES}
VENDORS = ("okta", "auth0")
ACCOUNTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "h71": {"contact_changed_days_ago": 71 / 24},
    "h73": {"contact_changed_days_ago": 73 / 24},
    "now": {"contact_changed_days_ago": 0.0},
    "long-ago": {"contact_changed_days_ago": 300},
    "new": {"created_days_ago": 2},
    "admin": {"admin": True},
    "locked": {"status": "locked"},
    "suspended": {"status": "suspended"},
    "no-factor": {"factors": ()},
    "two-factors": {"factors": ("totp", "sms")},
}
OKTA_ONLY: dict[str, dict[str, Any]] = {
    "expired": {"status": "password_expired"},
    "deactivated": {"status": "deactivated"},
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def bench() -> AsyncIterator[Bench]:
    people = [persona(f"{v}-{key}", v, **has) for v in VENDORS for key, has in ACCOUNTS.items()]
    people += [persona(f"okta-{key}", "okta", **has) for key, has in OKTA_ONLY.items()]
    async with opened(*people) as made:
        yield made


async def facts_of(bench: Bench, vendor: str, key: str, **extra: str) -> FactSet:
    tool = TOOLS["change_email" if extra else "send_password_reset"]
    args: Args = tool.args.model_validate({"account_id": f"{PREFIX[vendor]}{vendor}-{key}", **extra})
    return await tool.facts(args, bench.scope(principal(f"{vendor}-{key}")))


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("key", "name", "value"),
    [
        pytest.param("h71", "account.contact_age_hours", 71, id="71-hours"),
        pytest.param("h73", "account.contact_age_hours", 73, id="73-hours"),
        pytest.param("now", "account.contact_age_hours", 0, id="just-now"),
        pytest.param("new", "account.contact_age_hours", 48, id="new-account"),
        pytest.param("admin", "account.admin", True, id="admin"),
        pytest.param("plain", "account.admin", False, id="no-admin"),
        pytest.param("locked", "account.locked", True, id="locked"),
        pytest.param("plain", "account.locked", False, id="not-locked"),
        pytest.param("locked", "account.active", False, id="locked-is-not-active"),
        pytest.param("suspended", "account.active", False, id="suspended"),
        pytest.param("plain", "account.active", True, id="active"),
        pytest.param("no-factor", "account.factors", 0, id="no-factor"),
        pytest.param("two-factors", "account.factors", 2, id="two-factors"),
        pytest.param("plain", "account.email_masked", "{v}•••@example.com", id="masked"),
    ],
)
async def test_what_the_rules_see(bench: Bench, vendor: str, key: str, name: str, value: FactValue) -> None:
    facts = await facts_of(bench, vendor, key)
    wanted = value.replace("{v}", vendor[0]) if isinstance(value, str) else value
    assert facts.get(name) == wanted
    assert facts.get("account.contact_dated") is True


@pytest.mark.parametrize("vendor", VENDORS)
async def test_a_contact_that_never_changed_is_older_than_any_rule_asks(bench: Bench, vendor: str) -> None:
    for key in ("plain", "long-ago"):
        age = (await facts_of(bench, vendor, key)).get("account.contact_age_hours")
        assert isinstance(age, int)
        assert age >= 90 * 24


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize(
    ("email", "well_formed", "same"),
    [
        ("new@example.com", True, False),
        ("{vendor}-PLAIN@example.com", True, True),
        ("not an address", False, False),
        ("a@b", False, False),
        ("Mara <mara@example.com>", False, False),
        ("x" * 95 + "@example.com", False, False),
    ],
)
async def test_the_new_address_is_judged(
    bench: Bench, vendor: str, email: str, well_formed: bool, same: bool
) -> None:
    facts = await facts_of(bench, vendor, "plain", new_email=email.format(vendor=vendor))
    assert facts.get("email.well_formed") is well_formed
    assert facts.get("email.same_as_current") is same


@pytest.mark.parametrize(
    ("vendor", "key", "status"),
    [
        ("okta", "plain", "active"),
        ("okta", "locked", "locked"),
        ("okta", "suspended", "suspended"),
        ("okta", "expired", "password_expired"),
        ("okta", "deactivated", "deactivated"),
        ("auth0", "plain", "active"),
        ("auth0", "locked", "locked"),
        ("auth0", "suspended", "suspended"),
    ],
)
async def test_each_status_is_named(bench: Bench, vendor: str, key: str, status: str) -> None:
    row: Any = await READS[0].run(GetAccount(), bench.scope(principal(f"{vendor}-{key}")))
    assert row.status == status
    assert row.locked is (status == "locked")


async def test_reading_had_no_effect(bench: Bench) -> None:
    assert bench.effects() == []
