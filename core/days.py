"""Dates as customers read them: one style everywhere."""

from datetime import datetime


def day(at: datetime) -> str:
    """A date such as November 18, 2026, in the zone the time has (ours are UTC)."""
    return f"{at:%B} {at.day}, {at.year}"


def day_of(written: str) -> str:
    """The same of an ISO date or time as rows carry it."""
    return day(datetime.fromisoformat(written))
