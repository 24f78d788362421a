"""What a tool declares about itself; rooms above and beside tools/ know tools only by this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from core.facts import FactType

Kind = Literal["read", "write"]
Risk = Literal["none", "low", "medium", "high"]
Family = Literal["billing", "identity", "crm", "orders", "desk", "mail", "knowledge", "answer"]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A tool's name, version, words for the model, argument schema and the facts its writes are judged on."""

    name: str
    version: int
    kind: Kind
    family: Family
    risk: Risk
    description: str
    schema: Mapping[str, Any]
    facts: Mapping[str, FactType] = field(default_factory=dict)
    moves_money: bool = False


# Facts the gate adds to every action from the request and the conversation, whatever the tool.
REQUEST_FACTS: Mapping[str, FactType] = {
    "request.confidence_pct": "int",
    "request.angry": "bool",
    "request.urgent": "bool",
    "request.contacts_30d": "int",
    "request.handovers": "int",
    "request.security_words": "bool",
    "request.legal_words": "bool",
    "request.compliance_words": "bool",
    "customer.tier": "string",
    "customer.health": "string",
    "customer.tier_known": "bool",
    "agent.writes_on_target": "int",
}
