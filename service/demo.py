"""What makes a house a demo: the sandbox's customers as a host app would know them, and colleagues who can log in."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from core.ids import new_id
from service.build import House, derived
from service.parts import Demo, DemoCustomer
from service.passwords import hash_password
from service.settings import Settings
from service.tokens import demo_key
from store.columns import table
from store.tables.people import UserRow
from tools.sandbox.people import PEOPLE

_USER = table(UserRow)


@dataclass(frozen=True)
class Login:
    """A colleague of the demo; the password stays the same for one REMIT_HOME."""

    login: str
    name: str
    roles: tuple[str, ...]
    password: str


def host_app(settings: Settings) -> Demo:
    """The demo's own host app."""
    customers = [DemoCustomer(p.external_id, p.name, p.tier or "unknown", p.story) for p in PEOPLE]
    return Demo(customers=customers, key=demo_key(derived(settings, "demo")))


def logins(settings: Settings) -> Sequence[Login]:
    """An approver, an ops person and an evaluator."""
    people = (
        ("approver", "Ines Okafor", ("approver",)),
        ("ops", "Tomas Berg", ("ops", "approver")),
        ("evaluator", "Yuki Tanaka", ("evaluator",)),
    )
    return [
        Login(f"{login}@example.com", name, roles, _password(settings, login))
        for login, name, roles in people
    ]


def _password(settings: Settings, login: str) -> str:
    return base64.b32encode(derived(settings, f"demo login {login}"))[:10].decode().lower()


async def ensure_logins(house: House) -> Sequence[Login]:
    """Creates the demo's colleagues unless they are there."""
    known = logins(house.settings)
    async with house.service.store.begin() as work:
        for person in known:
            values = {
                "id": new_id("usr"),
                "login": person.login,
                "name": person.name,
                "roles": list(person.roles),
                "password_hash": hash_password(person.password),
                "disabled": False,
                "created_at": work.now,
            }
            add = insert(_USER).values(**values)
            # The secret under REMIT_HOME may be newer than the database: the printed password must fit.
            update = {"password_hash": values["password_hash"]}
            await work.run(add.on_conflict_do_update(index_elements=["login"], set_=update))
    return known
