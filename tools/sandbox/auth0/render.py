"""Auth0's wire shapes from the sandbox's compact records."""

from datetime import datetime
from typing import Any

from tools.sandbox.world import Record

CONNECTION = "Username-Password-Authentication"
# Our word for a factor -> Auth0's type of authentication method.
METHOD_TYPES = {
    "totp": "totp",
    "sms": "phone",
    "push": "push",
    "email": "email",
    "webauthn": "webauthn-roaming",
    "passkey": "passkey",
}


def stamp(at: str) -> str:
    """Auth0's way of writing a time: milliseconds and Z."""
    return datetime.fromisoformat(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(record: Record) -> dict[str, Any]:
    """A user as `GET /api/v2/users/{id}` gives it."""
    shape: dict[str, Any] = {
        "user_id": record["id"],
        "email": record["email"],
        "email_verified": record["email_verified"],
        "name": record["name"],
        "nickname": record["name"].split(" ")[0].lower(),
        "created_at": stamp(record["created"]),
        "updated_at": stamp(record["updated"]),
        "last_login": stamp(record["last_login"]),
        "last_ip": "192.0.2.20",
        "logins_count": 42,
        "identities": [
            {
                "connection": CONNECTION,
                "user_id": record["id"].partition("|")[2],
                "provider": "auth0",
                "isSocial": False,
            }
        ],
        "app_metadata": {"external_id": record["owner"]},
        "user_metadata": {},
    }
    if not record["email"]:
        del shape["email"], shape["email_verified"]
    if record["blocked"]:
        shape["blocked"] = True
    return shape


def method(record: Record, enrolled: dict[str, str]) -> dict[str, Any]:
    """An authentication method of the list."""
    shape: dict[str, Any] = {
        "id": enrolled["id"],
        "type": METHOD_TYPES[enrolled["kind"]],
        "confirmed": True,
        "created_at": stamp(enrolled["created"]),
        "enrolled_at": stamp(enrolled["created"]),
    }
    if enrolled["kind"] == "sms":
        shape |= {"phone_number": record["phone"], "preferred_authentication_method": "sms"}
    if enrolled["kind"] == "email":
        shape["email"] = record["email"]
    return shape


def session(record: Record, number: int) -> dict[str, Any]:
    """A session of the user's."""
    return {
        "id": f"ses_{record['id'].partition('|')[2]}_{number}",
        "user_id": record["id"],
        "created_at": stamp(record["last_login"]),
        "updated_at": stamp(record["last_login"]),
        "clients": [{"client_id": "webapp"}],
    }


def role(record: Record) -> dict[str, Any]:
    """The role that makes a user an administrator."""
    return {
        "id": f"rol_{record['id'].partition('|')[2]}",
        "name": "admin",
        "description": "Administers the product",
    }


def event(record: Record) -> dict[str, Any]:
    """A log event; fields that were not recorded are left out."""
    shape: dict[str, Any] = {
        "log_id": record["log_id"],
        "_id": record["log_id"],
        "date": stamp(record["at"]),
        "type": record["type"],
        "description": record["description"],
        "user_id": record["user_id"],
        "user_name": record["user_name"],
        "connection": CONNECTION,
        "strategy": "auth0",
        "strategy_type": "database",
        "ip": "192.0.2.20",
        "isMobile": False,
    }
    if record["client"]:
        shape["auth0_client"] = record["client"]
    if record["details"]:
        shape["details"] = record["details"]
        shape["user_agent"] = "Other 0.0.0 / Other 0.0.0"
    return shape
