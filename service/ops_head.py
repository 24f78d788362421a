"""What stands on every ops page: whether everything is frozen, and whether this colleague may change that."""

from typing import Any

from approvals import switches
from service.parts import ServiceParts
from service.sessions import Colleague


async def ops_head(me: Colleague, parts: ServiceParts) -> dict[str, Any]:
    """Values for `_ops_head.html`."""
    thrown = await switches.switches(parts.approvals)
    return {
        "switches": thrown,
        "frozen": next((one for one in thrown if one.scope == "all" and one.on), None),
        "may_move": bool(me.roles & {"ops", "admin"}),
    }
