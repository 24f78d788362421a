"""What vendors and our record disagree about, and that the audit log was anchored"""

import sqlalchemy as sa
from alembic import op

revision = "0005_crash"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("audit_anchored", "audit", ["seq"], postgresql_where=sa.text("kind = 'audit.anchored'"))
    op.create_table(
        "finding",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("action_id", sa.String(), nullable=True),
        sa.Column("vendor", sa.String(), nullable=False),
        sa.Column("object", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=True),
        sa.Column("explained", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    op.create_index("ix_finding_action_id", "finding", ["action_id"])
    op.create_index("finding_open", "finding", ["opened_at"], postgresql_where=sa.text("closed_at is null"))


def downgrade() -> None:
    op.drop_table("finding")
    op.drop_index("audit_anchored", table_name="audit")
