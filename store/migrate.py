"""Brings a database to the schema of this code, and says when it cannot."""

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from psycopg import sql
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from core.errors import Unavailable

_HERE = Path(__file__).parent / "migrations"


def _config(dsn: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("sqlalchemy.url", _sync_url(dsn).replace("%", "%%"))
    return config


def _sync_url(dsn: str) -> str:
    scheme, _, rest = dsn.partition("://")
    if scheme not in ("postgresql", "postgres"):
        raise Unavailable("REMIT_DATABASE_URL must start with postgresql://")
    return f"postgresql+psycopg://{rest}"


def upgrade(dsn: str) -> None:
    """Runs every migration not yet run; raises Unavailable when the database cannot be reached or is newer."""
    newer_than_code(dsn)
    command.upgrade(_config(dsn), "head")


def newer_than_code(dsn: str) -> None:
    """Raises Unavailable when another version of Remit has migrated this database further than we know."""
    at = current(dsn)
    known = {s.revision for s in ScriptDirectory.from_config(_config(dsn)).walk_revisions()}
    if at is not None and at not in known:
        raise Unavailable(f"The database is at revision {at!r}, newer than this code; run the newer version")


def current(dsn: str) -> str | None:
    """The revision the database is at, None before the first; raises Unavailable."""
    engine = create_engine(_sync_url(dsn), connect_args={"connect_timeout": 5})
    try:
        with engine.connect() as conn:
            return MigrationContext.configure(conn).get_current_revision()
    except OperationalError as error:
        said = str(error.orig).strip().splitlines()[0]
        raise Unavailable(f"The database cannot be reached: {said}; check REMIT_DATABASE_URL") from None
    finally:
        engine.dispose()


def head() -> str:
    """The newest revision this code knows."""
    return ScriptDirectory(str(_HERE)).get_current_head() or ""


def ensure_database(dsn: str, name: str) -> None:
    """Creates database `name` on the server of `dsn` unless it exists."""
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as conn:
        if not conn.execute("select 1 from pg_database where datname = %s", [name]).fetchone():
            conn.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
