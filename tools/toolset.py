"""Every tool there is, by name; a name that is not here does not exist."""

from collections.abc import Mapping

from core.tool_spec import ToolSpec
from tools.answer import Answer
from tools.billing.reads import READS as BILLING_READS
from tools.billing.writes import WRITES as BILLING_WRITES
from tools.crm.reads import READS as CRM_READS
from tools.crm.writes import WRITES as CRM_WRITES
from tools.desk.reads import READS as DESK_READS
from tools.identity.reads import READS as IDENTITY_READS
from tools.identity.writes import WRITES as IDENTITY_WRITES
from tools.kit import Tool
from tools.knowledge.reads import READS as KNOWLEDGE_READS
from tools.orders.reads import READS as ORDER_READS
from tools.orders.writes import WRITES as ORDER_WRITES


def toolset() -> Mapping[str, Tool]:
    """All tools; raises ValueError when two share a name."""
    tools: tuple[Tool, ...] = (
        *BILLING_READS,
        *IDENTITY_READS,
        *CRM_READS,
        *ORDER_READS,
        *DESK_READS,
        *KNOWLEDGE_READS,
        *BILLING_WRITES,
        *IDENTITY_WRITES,
        *CRM_WRITES,
        *ORDER_WRITES,
        Answer(),
    )
    named = {tool.spec.name: tool for tool in tools}
    if len(named) != len(tools):
        raise ValueError("two tools share a name")
    return named


def specs() -> dict[str, ToolSpec]:
    """What each tool declares, for the policy loader and the prompt."""
    return {name: tool.spec for name, tool in toolset().items()}
