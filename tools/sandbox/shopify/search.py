"""The little of Shopify's search language we use: `name:#1042 customer_id:123 tag:remit updated_at:>=…`."""

import re
from datetime import datetime

from tools.sandbox.shopify.check import Unanswered
from tools.sandbox.world import Record

_TERM = re.compile(r"(\w+):(\"[^\"]*\"|\S+)")


def fits(order: Record, query: str) -> bool:
    """True when every term fits; a term this door does not know is an error rather than silently ignored."""
    rest = _TERM.sub("", query).strip()
    if rest:
        raise Unanswered(f"the sandbox cannot search for {rest!r}", "BAD_REQUEST")
    return all(_term(order, name, value.strip('"')) for name, value in _TERM.findall(query))


def _term(order: Record, name: str, value: str) -> bool:
    if name == "name":
        # Shopify matches the start of a word, with or without the hash, whatever its case.
        return str(order["number"]).lower().startswith(value.removeprefix("#").lower())
    if name == "customer_id":
        return bool(order["customer"] == value)
    if name == "tag":
        return value in order["tags"]
    if name == "updated_at" and value.startswith(">="):
        return datetime.fromisoformat(order["updated_at"]) >= datetime.fromisoformat(value.removeprefix(">="))
    raise Unanswered(f"the sandbox cannot search by {name!r}", "BAD_REQUEST")
