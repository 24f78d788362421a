"""Looks, notes, the undo window, and a queue that is read from an index"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002_ladder"
branch_labels = None
depends_on = None

_WAITS = "state = 'held' or (state = 'executed' and review_after and approved_at is null)"
_URGENT = (
    "coalesce(facts #>> '{customer.tier,value}', '') = 'vip'"
    " or coalesce(facts #>> '{customer.health,value}', '') = 'at_risk'"
    " or coalesce(facts #>> '{request.urgent,value}', '') = 'true'"
)
_TIER = "coalesce(facts #>> '{customer.tier,value}', 'unknown')"
_ENDED = (
    "state in ('approved', 'executing', 'executed', 'failed', 'unsure', 'needs_person', 'rejected', 'expired', "
    "'withdrawn')"
)


def upgrade() -> None:
    op.add_column("action", sa.Column("runs_at", sa.DateTime(timezone=True), nullable=True))
    for name, kind, is_ in (
        ("waits", sa.Boolean(), _WAITS),
        ("urgent", sa.Boolean(), _URGENT),
        ("tier", sa.Text(), _TIER),
    ):
        op.add_column("action", sa.Column(name, kind, sa.Computed(is_, persisted=True), nullable=True))
    op.create_index(
        "action_waiting", "action", ["review_after", "due_at", "id"], postgresql_where=sa.text("waits")
    )
    op.create_index("action_lately", "action", ["state_at"], postgresql_where=sa.text(_ENDED))
    op.create_index("action_alike", "action", ["category", "tool", "state_at"])
    op.add_column("review", sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "look",
        sa.Column("action_id", sa.String(), sa.ForeignKey("action.id"), primary_key=True),
        sa.Column("reviewer_id", sa.String(), primary_key=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
    )
    op.create_table(
        "note",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("action_id", sa.String(), sa.ForeignKey("action.id"), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index("ix_note_action_id", "note", ["action_id"])
    op.create_table(
        "announced",
        sa.Column("what", sa.String(), primary_key=True),
        sa.Column("seq", sa.Integer(), nullable=False),
    )
    op.create_table(
        "slack_message",
        sa.Column("action_id", sa.String(), sa.ForeignKey("action.id"), primary_key=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("ts", sa.String(), nullable=False),
    )


def downgrade() -> None:
    for name in ("slack_message", "announced", "note", "look"):
        op.drop_table(name)
    op.drop_column("review", "undone_at")
    for name in ("action_alike", "action_lately", "action_waiting"):
        op.drop_index(name, "action")
    for name in ("tier", "urgent", "waits", "runs_at"):
        op.drop_column("action", name)
