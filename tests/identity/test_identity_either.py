"""Two providers as one: found at whichever has the account, and afterwards routed by its id."""

from datetime import timedelta

from identity_bench import NOW, opened, permit, persona

from core.ids import ActionId


async def test_each_customer_is_found_where_they_sign_in() -> None:
    async with opened(persona("mara", "okta"), persona("bo", "auth0")) as bench:
        mara, bo = await bench.either.find_account("u_mara"), await bench.either.find_account("u_bo")
        assert mara is not None
        assert bo is not None
        assert (mara.vendor, mara.id) == ("okta", "00umara")
        assert (bo.vendor, bo.id) == ("auth0", "a0_bo")
        assert await bench.either.find_account("u_nobody") is None
        assert await bench.either.account("00umara") == mara
        assert await bench.either.account("a0_bo") == bo
        assert await bench.either.account("a0_mara") is None
        assert await bench.either.account("00ubo") is None


async def test_every_write_goes_to_the_provider_of_its_account() -> None:
    people = (
        persona("mara", "okta", status="locked"),
        persona("bo", "auth0", status="locked"),
    )
    async with opened(*people) as bench:
        for account, factor in (("00umara", "mfamara_totp"), ("a0_bo", "totp--dev_bo")):
            await bench.either.unlock(account, permit())
            await bench.either.send_password_reset(account, permit())
            await bench.either.reset_factor(account, factor, permit())
            await bench.either.revoke_sessions(account, permit())
            await bench.either.change_email(account, f"new.{factor}@example.com", permit())
            since = NOW - timedelta(hours=1)
            done = await bench.either.find_done(account, "unlock", since, ActionId("act_1"))
            assert [d.vendor for d in done] == ["okta" if account == "00umara" else "auth0"]
            assert await bench.either.contact_changed_at(account) == NOW
        kinds = ["unlock", "password_reset", "factor_reset", "sessions_revoked", "email_change"]
        assert [(e.vendor, e.kind) for e in bench.ledger] == [
            (vendor, kind) for vendor in ("okta", "auth0") for kind in kinds
        ]
