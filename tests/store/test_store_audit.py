"""The audit chain shows every kind of tampering, and the database refuses the usual ones."""

from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

import store.tables  # noqa: F401
from store import audit
from store.work import Store


async def _three_rows(store: Store) -> None:
    for n in range(3):
        async with store.begin() as work:
            work.audit("thing.happened", number=n)


async def test_untouched_chain_verifies(store: Store) -> None:
    await _three_rows(store)
    async with store.begin() as work:
        assert (await audit.verify(work.conn, None)).rows == 3


@pytest.mark.parametrize("statement", ["update audit set kind = 'x'", "delete from audit", "truncate audit"])
async def test_database_refuses_to_change_the_past(store: Store, statement: str) -> None:
    await _three_rows(store)
    with pytest.raises(DBAPIError, match="append-only"):
        async with store.begin() as work:
            await work.conn.execute(text(statement))


@pytest.mark.parametrize(
    ("tamper", "row"),
    [
        pytest.param("update audit set body = '{\"number\": 9}' where seq = 2", "2", id="edit"),
        pytest.param("delete from audit where seq = 2", "2", id="delete"),
        pytest.param("delete from audit where seq >= 3", "after 2", id="truncate-tail"),
        pytest.param("update audit set seq = 5 - seq where seq > 1", "2", id="swap"),
    ],
)
async def test_verify_names_the_tampered_row(
    store: Store, database: str, tmp_path: Path, tamper: str, row: str
) -> None:
    await _three_rows(store)
    anchor = audit.Anchor(tmp_path / "anchor", b"key")
    async with store.begin() as work:
        await audit.anchor_now(work.conn, anchor)
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("alter table audit disable trigger all; alter table audit drop constraint audit_pkey")
        conn.execute(tamper)  # type: ignore[call-overload]
    async with store.begin() as work:
        found = await audit.verify(work.conn, anchor)
    assert not found.ok
    assert row in (found.problem or "")


async def test_F31_taking_the_tail_and_the_anchor_away_is_seen(
    store: Store, database: str, tmp_path: Path
) -> None:
    await _three_rows(store)
    anchor = audit.Anchor(tmp_path / "anchor", b"key")
    async with store.begin() as work:
        assert await audit.anchor_now(work.conn, anchor) is None
    await _three_rows(store)
    (tmp_path / "anchor").unlink()
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("alter table audit disable trigger all; delete from audit where seq > 5")
    async with store.begin() as work:
        found = await audit.verify(work.conn, anchor)
        assert "row 4 says that the log was anchored" in (found.problem or "")
        assert "reanchor" in (await audit.anchor_now(work.conn, anchor) or "")
    assert not (tmp_path / "anchor").exists()


@pytest.mark.parametrize("grown", [0, 9], ids=["shorter", "grown-past-it"])
async def test_F31_a_log_from_an_old_backup_is_not_anchored_over(
    store: Store, database: str, tmp_path: Path, grown: int
) -> None:
    await _three_rows(store)
    anchor = audit.Anchor(tmp_path / "anchor", b"key")
    async with store.begin() as work:
        await audit.anchor_now(work.conn, anchor)
    await _three_rows(store)
    async with store.begin() as work:
        assert await audit.anchor_now(work.conn, anchor) is None
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("alter table audit disable trigger all; delete from audit where seq > 5")
    for n in range(grown):
        async with store.begin() as work:
            work.audit("thing.happened", number=100 + n)
    async with store.begin() as work:
        problem = await audit.anchor_now(work.conn, anchor)
        assert (
            problem
            == await audit.strayed(work.conn, anchor)
            == (await audit.verify(work.conn, anchor)).problem
        )
        assert "7" in (problem or "")


async def test_a_person_may_anchor_it_anew_and_the_log_says_so(store: Store, tmp_path: Path) -> None:
    await _three_rows(store)
    anchor = audit.Anchor(tmp_path / "anchor", b"key")
    anchor.write(50, "f" * 64)
    async with store.begin() as work:
        assert not (await audit.verify(work.conn, anchor)).ok
        assert await audit.anchor_anew(work.conn, anchor, "restored") == 3
    async with store.begin() as work:
        assert (await audit.verify(work.conn, anchor)).ok
        assert await audit.anchor_now(work.conn, anchor) is None
        last = (
            await work.conn.execute(text("select kind, body ->> 'because' from audit where seq = 4"))
        ).one()
    assert tuple(last) == ("audit.anchored", "restored")


async def test_a_forged_anchor_is_refused(store: Store, tmp_path: Path) -> None:
    await _three_rows(store)
    async with store.begin() as work:
        await audit.anchor_now(work.conn, audit.Anchor(tmp_path / "anchor", b"key"))
    with pytest.raises(ValueError, match="was changed"):
        audit.Anchor(tmp_path / "anchor", b"other").read()


async def test_rolled_back_work_leaves_no_audit_row(store: Store) -> None:
    with pytest.raises(RuntimeError):
        async with store.begin() as work:
            work.audit("thing.happened", number=1)
            raise RuntimeError
    async with store.begin() as work:
        assert (await audit.verify(work.conn, None)).rows == 0


def test_migrations_make_exactly_the_declared_tables(database: str) -> None:
    engine = create_engine("postgresql+psycopg://" + database.partition("://")[2])
    with engine.connect() as conn:
        found = compare_metadata(MigrationContext.configure(conn), SQLModel.metadata)
    engine.dispose()
    ours = [d for d in found if "procrastinate" not in str(d)]
    assert ours == []
