"""Every table, one file per noun; importing this package declares them all."""

from store.tables.action import (
    ActionRow,
    AttemptRow,
    ConfirmationRow,
    ReservationRow,
    ReviewRow,
    StepUpRow,
)
from store.tables.conversation import (
    ClosureRow,
    ConversationRow,
    CustomerRow,
    EventRow,
    HandoffRow,
    MessageRow,
    ProvenanceRow,
    RequestRow,
    StepRow,
    TurnRow,
)
from store.tables.hooks import WebhookCursorRow, WebhookRow
from store.tables.learning import CorrectionRow
from store.tables.people import SessionRow, UserRow
from store.tables.record import ArticleRow, AuditRow, OutboxRow
from store.tables.standing import (
    CanaryRow,
    EvidenceRow,
    LateErrorRow,
    StandingChangeRow,
    StandingRow,
    StandingVersionRow,
    SwitchRow,
)

__all__ = [
    "ActionRow",
    "ArticleRow",
    "AttemptRow",
    "AuditRow",
    "CanaryRow",
    "ClosureRow",
    "ConfirmationRow",
    "ConversationRow",
    "CorrectionRow",
    "CustomerRow",
    "EventRow",
    "EvidenceRow",
    "HandoffRow",
    "LateErrorRow",
    "MessageRow",
    "OutboxRow",
    "ProvenanceRow",
    "RequestRow",
    "ReservationRow",
    "ReviewRow",
    "SessionRow",
    "StandingChangeRow",
    "StandingRow",
    "StandingVersionRow",
    "StepRow",
    "StepUpRow",
    "SwitchRow",
    "TurnRow",
    "UserRow",
    "WebhookCursorRow",
    "WebhookRow",
]
