"""Okta's wire shapes from the sandbox's compact records."""

import re
from datetime import datetime
from typing import Any

from tools.sandbox.world import Record

# Our word for a factor -> Okta's type and provider.
FACTOR_TYPES = {
    "sms": ("sms", "OKTA"),
    "call": ("call", "OKTA"),
    "totp": ("token:software:totp", "GOOGLE"),
    "push": ("push", "OKTA"),
    "email": ("email", "OKTA"),
    "question": ("question", "OKTA"),
    "webauthn": ("webauthn", "FIDO"),
}


def stamp(at: str | None) -> str | None:
    """Okta's way of writing a time: milliseconds and Z."""
    if at is None:
        return None
    return datetime.fromisoformat(at).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(record: Record, base: str) -> dict[str, Any]:
    """A User as `GET /api/v1/users/{id}` gives it."""
    return {
        "id": record["id"],
        "status": record["status"],
        "created": stamp(record["created"]),
        "activated": stamp(record["created"]),
        "statusChanged": stamp(record["status_changed"]),
        "lastLogin": stamp(record["last_login"]),
        "lastUpdated": stamp(record["updated"]),
        "passwordChanged": stamp(record["password_changed"]),
        "type": {"id": "oty1sandbox"},
        "profile": {
            "firstName": record["first"],
            "lastName": record["last"],
            **({"email": record["email"]} if record["email"] else {}),
            "login": record["login"],
            "mobilePhone": record["phone"],
            "externalId": record["owner"],
        },
        "credentials": {"password": {}, "provider": {"type": "OKTA", "name": "OKTA"}},
        "_links": {"self": {"href": f"{base}/api/v1/users/{record['id']}"}},
    }


def factor(record: Record, enrolled: dict[str, str], base: str) -> dict[str, Any]:
    """A UserFactor as the factors list gives it."""
    kind, provider = FACTOR_TYPES[enrolled["kind"]]
    return {
        "id": enrolled["id"],
        "factorType": kind,
        "provider": provider,
        "vendorName": provider,
        "status": "ACTIVE",
        "created": stamp(enrolled["created"]),
        "lastUpdated": stamp(enrolled["created"]),
        "profile": _factor_profile(record, enrolled),
        "_links": {
            "self": {"href": f"{base}/api/v1/users/{record['id']}/factors/{enrolled['id']}"},
            "user": {"href": f"{base}/api/v1/users/{record['id']}"},
        },
    }


def _factor_profile(record: Record, enrolled: dict[str, str]) -> dict[str, str]:
    match enrolled["kind"]:
        case "sms" | "call":
            return {"phoneNumber": "+" + re.sub(r"\D", "", record["phone"])}
        case "email":
            return {"email": record["email"]}
        case "question":
            return {
                "question": "disliked_food",
                "questionText": "What is the food you least liked as a child?",
            }
        case "webauthn":
            return {"credentialId": enrolled["id"], "authenticatorName": "Security key"}
        case _:
            return {"credentialId": record["login"]}


def role(record: Record) -> dict[str, Any]:
    """A standard role assignment: what makes a user an administrator."""
    return {
        "id": f"irb{record['id'][3:]}",
        "label": "Help Desk Administrator",
        "type": "HELP_DESK_ADMIN",
        "status": "ACTIVE",
        "created": stamp(record["created"]),
        "lastUpdated": stamp(record["created"]),
        "assignmentType": "USER",
    }


def group(name: str) -> dict[str, Any]:
    """A group of the user's, as `GET /users/{id}/groups` lists it."""
    created = "2020-01-01T00:00:00.000Z"
    return {
        "id": f"00g{name.lower()}",
        "created": created,
        "lastUpdated": created,
        "lastMembershipUpdated": created,
        "objectClass": ["okta:user_group"],
        "type": "BUILT_IN" if name == "Everyone" else "OKTA_GROUP",
        "profile": {"name": name, "description": f"{name} of the sandbox"},
    }


def event(record: Record) -> dict[str, Any]:
    """A LogEvent of the system log."""
    client: dict[str, Any] = {"ipAddress": "192.0.2.10", "zone": "null", "device": "Unknown"}
    if record["agent"] is not None:
        client["userAgent"] = {"rawUserAgent": record["agent"], "os": "Unknown", "browser": "UNKNOWN"}
    data: dict[str, Any] = {"requestId": record["uuid"]}
    if record["changed"]:
        data["changedAttributes"] = ",".join(record["changed"])
    return {
        "uuid": record["uuid"],
        "version": "0",
        "severity": "INFO",
        "eventType": record["type"],
        "legacyEventType": record["type"],
        "displayMessage": record["type"].replace(".", " "),
        "published": stamp(record["at"]),
        "actor": {
            "id": "00usandboxapi",
            "type": "User",
            "alternateId": "system@okta.example.com",
            "displayName": "API",
        },
        "client": client,
        "outcome": {"result": "SUCCESS"},
        "target": [
            {
                "id": record["user"],
                "type": "User",
                "alternateId": record["login"],
                "displayName": record["login"],
            }
        ],
        "transaction": {"type": "WEB", "id": record["uuid"], "detail": {}},
        "debugContext": {"debugData": data},
    }
