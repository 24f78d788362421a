"""Webhooks and how far vendors were asked"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005_crash"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "webhook",
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("came_by", sa.String(), nullable=False),
        sa.Column("deliveries", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("vendor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("vendor", "event_id"),
    )
    op.create_index("webhook_object", "webhook", ["vendor", "object", "state"])
    op.create_index("webhook_at", "webhook", ["at"])
    op.create_table(
        "webhook_cursor",
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("asked_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("problem", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("vendor"),
    )
    # What a webhook names must be found among millions: a ticket's conversation, an object's actions.
    op.create_index("conversation_ticket", "conversation", ["ticket_id"])
    op.create_index(
        "action_targets",
        "action",
        ["targets"],
        postgresql_using="gin",
        postgresql_ops={"targets": "jsonb_path_ops"},
    )


def downgrade() -> None:
    op.drop_index("action_targets")
    op.drop_index("conversation_ticket")
    op.drop_table("webhook_cursor")
    op.drop_table("webhook")
