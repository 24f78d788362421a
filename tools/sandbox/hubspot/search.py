"""HubSpot's search: groups of filters on properties; any group may fit, all its filters must."""

from collections.abc import Sequence

from tools.sandbox.hubspot.bodies import Filter, Search, Wrong
from tools.sandbox.world import Record


def searched(rows: Sequence[Record], asked: Search) -> list[Record]:
    """The rows that fit one of the groups; all of them when there is none."""
    groups = [group.filters for group in asked.filterGroups]
    return [row for row in rows if not groups or any(all(_fits(row, f) for f in group) for group in groups)]


def _fits(row: Record, one: Filter) -> bool:
    value = row["properties"].get(one.propertyName)
    match one.operator:
        case "EQ":
            # HubSpot compares text without regard to case.
            return value is not None and str(value).lower() == one.value.lower()
        case "HAS_PROPERTY":
            return value is not None
        case "NOT_HAS_PROPERTY":
            return value is None
        case other:
            raise Wrong(f"the sandbox cannot search with operator {other!r}")
