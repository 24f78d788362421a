"""Logins of colleagues: sessions end by idleness, by age and by logging out; tries are limited."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from core.clock import StillClock
from core.errors import TooMany, Unauthorised
from service import sessions
from service.passwords import hash_password, is_password
from service.rates import Rate, Rates
from store.columns import table
from store.tables.people import SessionRow, UserRow
from store.work import Store

_SESSION = table(SessionRow)
_USER = table(UserRow)


@pytest.fixture
async def user(store: Store) -> str:
    async with store.begin() as work:
        row = UserRow(
            id="usr_1",
            login="dana@example.com",
            name="Dana Reyes",
            roles=["approver"],
            password_hash=hash_password("a long enough one"),
            created_at=work.now,
        )
        await work.add(row)
    return row.id


async def test_login_gives_a_session_with_name_and_roles(store: Store, user: str) -> None:
    token = await sessions.log_in(store, " Dana@Example.com ", "a long enough one")
    found = await sessions.read(store, token, touch=True)
    assert found is not None
    assert (found.id, found.name, found.roles) == (user, "Dana Reyes", frozenset({"approver"}))


@pytest.mark.parametrize(
    ("login", "password"),
    [
        pytest.param("dana@example.com", "wrong", id="wrong-password"),
        pytest.param("nobody@example.com", "a long enough one", id="unknown-login"),
        pytest.param("dana@example.com", "", id="empty"),
        pytest.param("dana@example.com", "x" * 1000, id="very-long"),
        pytest.param("dana@example.com", "a long enough one\x00", id="with-nul"),
    ],
)
async def test_wrong_login_says_only_that_it_was_wrong(
    store: Store, user: str, login: str, password: str
) -> None:
    with pytest.raises(Unauthorised, match=sessions.WRONG):
        await sessions.log_in(store, login, password)


async def test_disabled_colleague_is_out_at_once(store: Store, user: str) -> None:
    token = await sessions.log_in(store, "dana@example.com", "a long enough one")
    async with store.begin() as work:
        await work.run(update(_USER).values(disabled=True))
    assert await sessions.read(store, token, touch=True) is None
    with pytest.raises(Unauthorised, match=sessions.WRONG):
        await sessions.log_in(store, "dana@example.com", "a long enough one")


@pytest.mark.parametrize(("minutes", "lives"), [(29, True), (30, False)])
async def test_idle_session_ends_after_half_an_hour(
    store: Store, clock: StillClock, user: str, minutes: int, lives: bool
) -> None:
    token = await sessions.log_in(store, "dana@example.com", "a long enough one")
    clock.move(timedelta(minutes=minutes))
    assert (await sessions.read(store, token, touch=True) is not None) is lives


async def test_a_page_that_refreshes_itself_keeps_no_session_alive(
    store: Store, clock: StillClock, user: str
) -> None:
    token = await sessions.log_in(store, "dana@example.com", "a long enough one")
    clock.move(timedelta(minutes=20))
    assert await sessions.read(store, token, touch=False) is not None
    clock.move(timedelta(minutes=10))
    assert await sessions.read(store, token, touch=True) is None


async def test_busy_session_ends_after_twelve_hours(store: Store, clock: StillClock, user: str) -> None:
    token = await sessions.log_in(store, "dana@example.com", "a long enough one")
    for _ in range(12 * 3 - 1):
        clock.move(timedelta(minutes=20))
        assert await sessions.read(store, token, touch=True) is not None
    clock.move(timedelta(minutes=20))
    assert await sessions.read(store, token, touch=True) is None


async def test_logged_out_session_is_gone(store: Store, user: str) -> None:
    token = await sessions.log_in(store, "dana@example.com", "a long enough one")
    await sessions.log_out(store, token)
    assert await sessions.read(store, token, touch=True) is None


async def test_only_the_digest_of_a_session_is_kept(store: Store, user: str) -> None:
    token = await sessions.log_in(store, "dana@example.com", "a long enough one")
    async with store.begin() as work:
        rows = await work.rows(SessionRow, select(_SESSION))
    assert len(rows) == 1
    assert token not in rows[0].model_dump_json()


async def test_password_hash_is_salted() -> None:
    first, second = hash_password("same"), hash_password("same")
    assert first != second
    assert await is_password("same", first)
    assert not await is_password("Same", first)
    assert not await is_password("same", None)


def test_rate_says_when_to_come_back(clock: StillClock) -> None:
    rates = Rates(clock, {"x": Rate(2, 60)})
    rates.take("x", "a")
    clock.move(timedelta(seconds=20))
    rates.take("x", "a")
    rates.take("x", "b")
    with pytest.raises(TooMany) as refused:
        rates.take("x", "a")
    assert refused.value.retry_after == 40
    clock.move(timedelta(seconds=40))
    rates.take("x", "a")
    rates.forgive("x", "a")
    rates.take("x", "a")
    rates.take("x", "a")
