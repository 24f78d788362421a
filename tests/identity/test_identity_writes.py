"""The five writes at both vendors: whose account, what the rules see, one effect, and evidence afterwards."""

from collections.abc import Sequence
from typing import Any

import pytest
from identity_bench import ANONYMOUS, PREFIX, Bench, opened, permit, persona, principal

from core.actions import Receipt
from core.errors import VendorDown, VendorRefused, VendorUnsure
from core.facts import misfits
from core.ids import ActionId
from tools.identity.writes import WRITES
from tools.kit import Args, Scope, WriteTool

TOOLS: dict[str, WriteTool[Any]] = {tool.spec.name: tool for tool in WRITES}
KINDS = {
    "send_password_reset": "password_reset",
    "unlock_account": "unlock",
    "reset_factor": "factor_reset",
    "revoke_sessions": "sessions_revoked",
    "change_email": "email_change",
}
VENDOR_ID = {"okta": "00umara", "auth0": "auth0|mara"}
FACTOR = {"okta": "mfamara_totp", "auth0": "totp--dev_mara"}
SENT_TO = {
    ("okta", "send_password_reset"): "reset_password",
    ("okta", "unlock_account"): "unlock",
    ("okta", "reset_factor"): "DELETE /api/v1/users/00umara/factors",
    ("okta", "revoke_sessions"): "DELETE /api/v1/users/00umara/sessions",
    ("okta", "change_email"): "POST /api/v1/users/00umara",
    ("auth0", "send_password_reset"): "change_password",
    ("auth0", "unlock_account"): "DELETE /api/v2/user-blocks",
    ("auth0", "reset_factor"): "DELETE /api/v2/users/auth0|mara/authentication-methods",
    ("auth0", "revoke_sessions"): "DELETE /api/v2/users/auth0|mara/sessions",
    ("auth0", "change_email"): "PATCH /api/v2/users",
}
EVERY = [pytest.param(v, n, id=f"{v}-{n}") for v in ("okta", "auth0") for n in KINDS]


def arguments(name: str, vendor: str, key: str = "mara", **other: str) -> Any:
    """Arguments of the tool for that persona's account."""
    values = {"account_id": PREFIX[vendor] + key}
    if name == "reset_factor":
        values["factor_id"] = FACTOR[vendor].replace("mara", key)
    if name == "change_email":
        values["new_email"] = f"new.{key}@example.com"
    model: type[Args] = TOOLS[name].args
    return model.model_validate({**values, **other})


def people(vendor: str, name: str) -> Sequence[Any]:
    status = "locked" if name == "unlock_account" else "active"
    return persona("mara", vendor, status=status), persona("bo", vendor, status=status)


async def execute(name: str, args: Any, scope: Scope, action_id: str = "act_1") -> Receipt:
    return await TOOLS[name].execute(args, permit(action_id), scope)


async def look_up(name: str, args: Any, scope: Scope, action_id: str = "act_1") -> Receipt | None:
    return await TOOLS[name].look_up(args, ActionId(action_id), scope)


@pytest.mark.parametrize(("vendor", "name"), EVERY)
async def test_one_call_has_one_effect_and_a_receipt(vendor: str, name: str) -> None:
    async with opened(*people(vendor, name)) as bench:
        scope, args = bench.scope(principal("mara")), arguments(name, vendor)
        receipt = await execute(name, args, scope)
        assert bench.effects() == [(vendor, KINDS[name], VENDOR_ID[vendor], "act_1")]
        assert (receipt.vendor, receipt.kind, receipt.object) == (vendor, KINDS[name], args.account_id)
        assert receipt.title
        assert receipt.reference


@pytest.mark.parametrize(("vendor", "name"), EVERY)
async def test_a_foreign_account_is_refused_like_a_missing_one(vendor: str, name: str) -> None:
    async with opened(*people(vendor, name)) as bench:
        scope, tool = bench.scope(principal("mara")), TOOLS[name]
        assert await tool.owned(arguments(name, vendor), scope)
        for key in ("bo", "nobody"):
            args = arguments(name, vendor, key)
            assert not await tool.owned(args, scope)
            assert (await tool.facts(args, scope)).values() == {}
            with pytest.raises(VendorRefused, match="not there any more"):
                await tool.execute(args, permit(), scope)
        assert not await tool.owned(arguments(name, vendor), bench.scope(ANONYMOUS))
    assert bench.effects() == []


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_somebody_elses_factor_is_not_owned_on_the_own_account(vendor: str) -> None:
    async with opened(*people(vendor, "reset_factor")) as bench:
        scope = bench.scope(principal("mara"))
        foreign = arguments("reset_factor", vendor, factor_id=FACTOR[vendor].replace("mara", "bo"))
        assert not await TOOLS["reset_factor"].owned(foreign, scope)
        assert (await TOOLS["reset_factor"].facts(foreign, scope)).values() == {}
        with pytest.raises(VendorRefused):
            await execute("reset_factor", foreign, scope)
    assert bench.effects() == []


@pytest.mark.parametrize(("vendor", "name"), EVERY)
async def test_facts_are_exactly_those_declared(vendor: str, name: str) -> None:
    async with opened(*people(vendor, name)) as bench:
        who = principal("mara", hubspot="501")
        tool = TOOLS[name]
        facts = await tool.facts(arguments(name, vendor), bench.scope(who))
    assert misfits(facts, tool.spec.facts) == []
    assert facts.values().keys() == tool.spec.facts.keys()
    assert facts.get("customer.tier") == "standard"
    assert facts.facts["account.status"].source == vendor


@pytest.mark.parametrize(("vendor", "name"), EVERY)
async def test_a_lost_answer_is_unsure_and_then_found_in_the_log(vendor: str, name: str) -> None:
    async with opened(*people(vendor, name)) as bench:
        scope, args = bench.scope(principal("mara")), arguments(name, vendor)
        bench.faults.plan(vendor, SENT_TO[vendor, name], "timeout_after")
        with pytest.raises(VendorUnsure):
            await execute(name, args, scope)
        assert len(bench.effects()) == 1
        receipt = await look_up(name, args, scope)
        assert receipt is not None
        assert (receipt.kind, receipt.object) == (KINDS[name], args.account_id)
        assert len(bench.effects()) == 1


@pytest.mark.parametrize(("vendor", "name"), EVERY)
async def test_a_request_that_never_arrived_is_unsure_and_then_surely_absent(vendor: str, name: str) -> None:
    async with opened(*people(vendor, name)) as bench:
        scope, args = bench.scope(principal("mara")), arguments(name, vendor)
        bench.faults.plan(vendor, SENT_TO[vendor, name], "timeout_before")
        with pytest.raises(VendorUnsure):
            await execute(name, args, scope)
        assert bench.effects() == []
        assert await look_up(name, args, scope) is None


@pytest.mark.parametrize(("vendor", "name"), EVERY)
async def test_what_another_action_did_is_not_taken_for_ours(vendor: str, name: str) -> None:
    async with opened(*people(vendor, name)) as bench:
        scope, args = bench.scope(principal("mara")), arguments(name, vendor)
        await execute(name, args, scope, "act_other")
        if name == "revoke_sessions" or (vendor, name) == ("auth0", "send_password_reset"):
            assert await look_up(name, args, scope) is None
        else:
            # The account shows it; only a person can tell whose it was.
            with pytest.raises(VendorUnsure):
                await look_up(name, args, scope)


async def test_the_old_address_hears_of_a_change_before_it_happens() -> None:
    async with opened(persona("mara")) as bench:
        scope, args = bench.scope(principal("mara")), arguments("change_email", "okta")
        bench.faults.plan("okta", "POST /api/v1/users/00umara", "timeout_before")
        with pytest.raises(VendorUnsure):
            await execute("change_email", args, scope)
        assert [(m.to, m.key) for m in bench.mail.sent] == [("mara@example.com", "act_1-old-address")]
        assert "new.mara@example.com" not in bench.mail.sent[0].text
        assert bench.effects() == []


@pytest.mark.parametrize("error", [VendorDown("smtp", "down"), VendorUnsure("smtp", "lost")])
async def test_without_that_letter_nothing_changes(error: Any) -> None:
    async with opened(persona("mara")) as bench:
        bench.mail.fails = error
        with pytest.raises(VendorDown, match="nothing was changed"):
            await execute("change_email", arguments("change_email", "okta"), bench.scope(principal("mara")))
    assert bench.effects() == []


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_an_address_that_is_taken_is_refused(vendor: str) -> None:
    async with opened(persona("mara", vendor), persona("bo", vendor)) as bench:
        args = arguments("change_email", vendor, new_email="bo@example.com")
        with pytest.raises(VendorRefused):
            await execute("change_email", args, bench.scope(principal("mara")))
    assert bench.effects() == []


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_no_reset_is_started_for_an_account_without_an_email(vendor: str) -> None:
    async with opened(persona("mara", vendor).model_copy(update={"email": ""})) as bench:
        args = arguments("send_password_reset", vendor)
        with pytest.raises(VendorRefused, match="no e-mail"):
            await execute("send_password_reset", args, bench.scope(principal("mara")))
    assert bench.effects() == []


async def test_a_login_that_is_the_email_moves_with_it() -> None:
    async with opened(persona("mara")) as bench:
        scope = bench.scope(principal("mara"))
        await execute("change_email", arguments("change_email", "okta"), scope)
        record = bench.world.get("okta.user", "00umara")
    assert record is not None
    assert record["login"] == record["email"] == "new.mara@example.com"


@pytest.mark.parametrize("vendor", ["okta", "auth0"])
async def test_a_reset_factor_makes_the_contact_young_again(vendor: str) -> None:
    """So a takeover cannot go on with the next identity action."""
    async with opened(persona("mara", vendor)) as bench:
        scope = bench.scope(principal("mara"))
        await execute("reset_factor", arguments("reset_factor", vendor), scope)
        reset = TOOLS["send_password_reset"]
        facts = await reset.facts(arguments("send_password_reset", vendor), scope)
    assert facts.get("account.contact_age_hours") == 0


async def test_an_account_that_is_not_locked_cannot_be_unlocked_at_okta() -> None:
    async with opened(persona("mara")) as bench:
        with pytest.raises(VendorRefused, match="E0000032"):
            await execute(
                "unlock_account", arguments("unlock_account", "okta"), bench.scope(principal("mara"))
            )
    assert bench.effects() == []


async def previews(bench: Bench, name: str) -> Any:
    args, scope = arguments(name, "okta"), bench.scope(principal("mara"))
    return TOOLS[name].preview(args, await TOOLS[name].facts(args, scope))


async def test_previews_say_what_will_happen_without_the_whole_address() -> None:
    async with opened(persona("mara", status="locked", contact_changed_days_ago=30)) as bench:
        reset = await previews(bench, "send_password_reset")
        assert reset.title == "Mail a password reset link to m•••@example.com"
        unlock = await previews(bench, "unlock_account")
        assert unlock.title == "Unlock the account of m•••@example.com"
        factor = await previews(bench, "reset_factor")
        assert factor.title == "Remove the authenticator app from the account of m•••@example.com"
        sessions = await previews(bench, "revoke_sessions")
        assert sessions.title == "Sign m•••@example.com out on every device"
        change = await previews(bench, "change_email")
        assert change.lines[0].before == "m•••@example.com"
        assert change.lines[0].after == "new.mara@example.com"


def test_specs_are_closed_and_named_as_agreed() -> None:
    assert set(TOOLS) == set(KINDS)
    for tool in WRITES:
        assert tool.spec.kind == "write"
        assert tool.spec.family == "identity"
        assert tool.spec.schema["additionalProperties"] is False
        assert not tool.spec.moves_money


def test_targets_name_what_is_changed() -> None:
    assert TOOLS["unlock_account"].targets(arguments("unlock_account", "okta")) == ("account:00umara",)
    assert TOOLS["reset_factor"].targets(arguments("reset_factor", "okta")) == (
        "account:00umara",
        "factor:mfamara_totp",
    )
