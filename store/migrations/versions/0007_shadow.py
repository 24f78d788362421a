"""Shadow: whether people did what the agent proposed"""

import sqlalchemy as sa
from alembic import op

revision = "0007_shadow"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "shadow",
        sa.Column("action_id", sa.String(), nullable=False),
        sa.Column("agreed", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"]),
        sa.PrimaryKeyConstraint("action_id"),
    )


def downgrade() -> None:
    raise NotImplementedError("what was compared is not taken away: restore a backup instead")
