"""Auth0's Management API tokens: fetched once, kept while they live, and fetched anew in time."""

import asyncio
from datetime import timedelta

import pytest
from identity_bench import KEY, Bench, no_sleep, opened, permit, persona
from pydantic import SecretStr

from core.errors import SettingsError, VendorDown, VendorRefused
from tools.identity.auth0 import Auth0


def signing_in(bench: Bench, secret: str = KEY) -> Auth0:
    return Auth0(
        base_url=bench.urls["auth0"],
        client_id="remit",
        client_secret=SecretStr(secret),
        clock=bench.clock,
        sleep=no_sleep,
    )


def fetched(bench: Bench) -> int:
    return sum(e.path == "/oauth/token" for e in bench.wire["auth0"].exchanges)


async def test_one_token_serves_every_call_until_it_ends() -> None:
    async with opened(persona("mara", "auth0")) as bench:
        auth0 = signing_in(bench)
        found = await asyncio.gather(*(auth0.account("a0_mara") for _ in range(3)))
        await auth0.revoke_sessions("a0_mara", permit())
        assert all(found)
        assert fetched(bench) == 1
        bench.clock.move(timedelta(hours=23, minutes=57))
        await auth0.account("a0_mara")
        assert fetched(bench) == 1
        bench.clock.move(timedelta(minutes=1))
        await auth0.account("a0_mara")
        assert fetched(bench) == 2
        await auth0.close()


async def test_a_wrong_secret_is_refused() -> None:
    async with opened(persona("mara", "auth0")) as bench:
        auth0 = signing_in(bench, "wrong")
        with pytest.raises(VendorRefused, match="401"):
            await auth0.account("a0_mara")
        await auth0.close()


async def test_without_a_token_a_write_was_not_sent() -> None:
    async with opened(persona("mara", "auth0")) as bench:
        auth0 = signing_in(bench)
        bench.faults.plan("auth0", "/oauth/token", "saved_500")
        with pytest.raises(VendorDown, match="no token"):
            await auth0.revoke_sessions("a0_mara", permit())
        assert bench.effects() == []
        await auth0.close()


async def test_neither_secret_nor_token_is_found_at_start() -> None:
    async with opened() as bench:
        with pytest.raises(SettingsError, match="client secret"):
            Auth0(base_url=bench.urls["auth0"], client_id="remit", clock=bench.clock)


async def test_warming_up_loads_both_sdks() -> None:
    async with opened(persona("mara")) as bench:
        await bench.either.warm_up()
        assert bench.wire["okta"].exchanges == []
        assert await bench.either.find_account("u_mara") is not None
