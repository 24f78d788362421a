"""Records of the world as HubSpot's objects."""

from collections.abc import Sequence
from typing import Any

from tools.sandbox.hubspot.bodies import Wrong
from tools.sandbox.world import Record

_ALWAYS = {
    "contact": ("email", "firstname", "lastname"),
    "note": (),
    "company": ("name",),
}


def contact(row: Record, wanted: Sequence[str] = (), history: Sequence[str] = ()) -> dict[str, Any]:
    """A contact with the properties asked for, null where it has none, and the history of some."""
    shown = _object(row, row["properties"], {*_ALWAYS["contact"], *wanted, *history})
    if history:
        shown["propertiesWithHistory"] = {name: row["history"].get(name, []) for name in history}
    return shown


def note(row: Record, wanted: Sequence[str] = (), history: Sequence[str] = ()) -> dict[str, Any]:
    del history
    return _object(row, row["properties"], set(wanted))


def company(row: Record, wanted: Sequence[str] = (), history: Sequence[str] = ()) -> dict[str, Any]:
    del history
    stamped = {**row, "created_at": row["made_at"], "updated_at": row["made_at"]}
    return _object(stamped, {"name": row["name"]}, {*_ALWAYS["company"], *wanted})


def owner(row: Record) -> dict[str, Any]:
    at = _stamp(row["made_at"])
    return {
        "id": row["id"],
        "email": f"{row['first'].lower()}@support.example.com",
        "firstName": row["first"],
        "lastName": row["last"],
        "userId": int(row["id"]),
        "createdAt": at,
        "updatedAt": at,
        "archived": False,
        "type": "PERSON",
    }


def page(rows: Sequence[dict[str, Any]], limit: str | None, after: str | None) -> dict[str, Any]:
    """One page of associations; `after` is the id of the last row seen."""
    size = int(limit) if limit and limit.isdigit() else 100
    if not 0 < size <= 500:
        raise Wrong("limit must be between 1 and 500")
    ids = [row["id"] for row in rows]
    start = ids.index(after) + 1 if after in ids else 0
    shown = list(rows[start : start + size])
    more = {"paging": {"next": {"after": shown[-1]["id"]}}} if start + size < len(rows) else {}
    return {"results": shown, **more}


def _object(row: Record, properties: dict[str, Any], wanted: set[str]) -> dict[str, Any]:
    own = {
        "createdate": _stamp(row["created_at"]),
        "hs_object_id": row["id"],
        "lastmodifieddate": _stamp(row["updated_at"]),
    }
    return {
        "id": row["id"],
        "properties": {name: properties.get(name) for name in sorted(wanted)} | own,
        "createdAt": own["createdate"],
        "updatedAt": own["lastmodifieddate"],
        "archived": False,
    }


def _stamp(at: str) -> str:
    return at.replace("+00:00", "Z")
