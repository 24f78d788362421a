"""Times, counts and names as people read them."""

from datetime import UTC, datetime, timedelta


def ago(at: datetime, now: datetime) -> str:
    """How long ago: `just now`, `4 min ago`, `3 h ago`, `2 d ago`."""
    return "just now" if now - at < timedelta(minutes=1) else f"{span(now - at)} ago"


def at(moment: datetime, now: datetime) -> str:
    """A point in time: `08:12 UTC` of today, else with its date."""
    form = "%H:%M UTC" if moment.date() == now.date() else "%Y-%m-%d %H:%M UTC"
    return moment.astimezone(UTC).strftime(form)


def since(at: datetime, now: datetime) -> str:
    """How long already: `under a minute`, `4 min`."""
    return span(now - at)


def left(due: datetime, now: datetime) -> str:
    """How long until it is due: `due in 12 min`, `overdue by 3 min`."""
    return f"due in {span(due - now)}" if due > now else f"overdue by {span(now - due)}"


def span(time: timedelta) -> str:
    """A duration in its largest fitting unit, rounded down."""
    seconds = max(0, int(time.total_seconds()))
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return "under a minute"


def label(name: str) -> str:
    """`wrong_amount` -> `Wrong amount`; `charge.days_since_delivery` -> `Charge days since delivery`."""
    words = name.replace(".", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 request`, `3 requests`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"
