"""A database that cannot be used says why, in one sentence, and nothing is lost."""

import psycopg
import pytest

from core.errors import Unavailable
from store import migrate


@pytest.mark.parametrize("dsn", ["mysql://host/db", "sqlite:///x", "just words"])
def test_another_kind_of_database_is_refused(dsn: str) -> None:
    with pytest.raises(Unavailable, match="must start with postgresql://"):
        migrate.upgrade(dsn)


def test_an_unreachable_database_is_named_without_its_password() -> None:
    with pytest.raises(Unavailable, match="cannot be reached") as error:
        migrate.upgrade("postgresql://someone:s3cret@127.0.0.1:1/db")
    assert "s3cret" not in str(error.value)


def test_a_database_of_newer_code_is_left_alone(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("update alembic_version set version_num = '9999'")
    with pytest.raises(Unavailable, match="newer than this code"):
        migrate.upgrade(database)


def test_upgrading_twice_changes_nothing(database: str) -> None:
    migrate.upgrade(database)
    assert migrate.current(database) == migrate.head()
