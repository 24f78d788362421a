"""HubSpot's search body: groups of filters on properties, any group may fit, all its filters must."""

from collections.abc import Mapping, Sequence
from typing import Any

from tools.sandbox.world import Record


class Wrong(Exception):
    """The request makes no sense to HubSpot (400)."""


def searched(rows: Sequence[Record], asked: Mapping[str, Any]) -> list[Record]:
    """The rows that fit the `filterGroups`."""
    groups = asked.get("filterGroups", [])
    if not isinstance(groups, list) or len(groups) > 5:
        raise Wrong("filterGroups must be a list of at most 5 groups")
    return [row for row in rows if not groups or any(_fits_all(row, group) for group in groups)]


def _fits_all(row: Record, group: Any) -> bool:
    filters = group.get("filters") if isinstance(group, dict) else None
    if not isinstance(filters, list) or not 0 < len(filters) <= 6:
        raise Wrong("a group needs between 1 and 6 filters")
    return all(_fits(row, one) for one in filters)


def _fits(row: Record, one: Mapping[str, Any]) -> bool:
    value = row["properties"].get(one.get("propertyName", ""))
    match one.get("operator"):
        case "EQ":
            # HubSpot compares text without regard to case.
            return value is not None and value.lower() == str(one.get("value")).lower()
        case "HAS_PROPERTY":
            return value is not None
        case "NOT_HAS_PROPERTY":
            return value is None
        case other:
            raise Wrong(f"the sandbox cannot search with operator {other!r}")
