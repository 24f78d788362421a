"""Numbers and learning: what an ending was about, who came back, and correction notes"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# The first wish that was understood; endings from before are sorted the same way.
_CATEGORY = """
update closure set category = coalesce((
    select r.category from request r
    where r.conversation_id = closure.conversation_id and r.category <> 'other' and r.opened_at <= closure.at
    order by r.opened_at desc limit 1), 'other')
"""
_BEGAN = """
update closure set began_at = greatest(
    (select c.opened_at from conversation c where c.id = closure.conversation_id),
    (select max(e.reopened_at) from closure e
     where e.conversation_id = closure.conversation_id and e.at < closure.at))
"""


def upgrade() -> None:
    op.add_column("closure", sa.Column("category", sa.String(), nullable=False, server_default="other"))
    op.add_column("closure", sa.Column("began_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("closure", sa.Column("repeated_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("closure", sa.Column("repeated_by", sa.String(), nullable=True))
    op.execute(_CATEGORY)
    op.execute(_BEGAN)
    op.alter_column("closure", "category", server_default=None)
    op.alter_column("closure", "began_at", nullable=False)
    op.create_table(
        "correction",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("review_id", sa.String(), nullable=False),
        sa.Column("action_id", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("drafted_by", sa.String(), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("release", sa.Integer(), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state in ('draft', 'approved', 'released', 'leaving', 'withdrawn')", name="correction_state"
        ),
        sa.ForeignKeyConstraint(["review_id"], ["review.id"]),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("review_id"),
    )
    op.create_index("correction_shown", "correction", ["category", "state"])
    # What the numbers are counted from, by time.
    op.create_index("conversation_opened", "conversation", ["opened_at"])
    op.create_index("handoff_at", "handoff", ["at"])
    op.create_index("review_at", "review", ["at"])
    op.create_index("message_first", "message", ["conversation_id", "author", "at"])
    op.create_index("request_first", "request", ["conversation_id", "opened_at"])


def downgrade() -> None:
    raise NotImplementedError("what people came back about is not forgotten: restore a backup instead")
