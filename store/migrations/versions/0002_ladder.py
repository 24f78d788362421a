"""The ladder: versions, evidence, canaries, late errors"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002_ladder"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("action", sa.Column("agent_version", sa.String(), nullable=False, server_default=""))
    op.add_column("action", sa.Column("canary", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.alter_column("action", "agent_version", server_default=None)
    op.alter_column("action", "canary", server_default=None)
    op.create_index("action_category", "action", ["category", "created_at"])
    op.create_check_constraint(
        "action_canary",
        "action",
        "not canary or state in ('held', 'rejected', 'withdrawn', 'expired', 'refused')",
    )
    op.add_column("review", sa.Column("material", sa.Boolean(), nullable=True))
    op.add_column("standing", sa.Column("version", sa.Integer(), nullable=True))
    op.add_column("standing", sa.Column("agent_version", sa.String(), nullable=True))
    op.add_column("standing", sa.Column("change_id", sa.String(), nullable=True))
    op.add_column("standing", sa.Column("burst_from", _TIME, nullable=True))
    json = postgresql.JSONB(astext_type=sa.Text())
    op.add_column("standing_change", sa.Column("evidence", json, nullable=True))
    op.add_column("standing_change", sa.Column("signature", sa.String(), nullable=True))
    _tables()
    # The database itself keeps a canary from ever being sent, and from ceasing to be one.
    op.execute(
        """
        create function canary_is_never_sent() returns trigger language plpgsql as
        $$ begin
            if exists (select 1 from action where id = new.action_id and canary) then
                raise exception 'a canary is never sent';
            end if;
            return new;
        end $$
        """
    )
    op.execute(
        "create trigger attempt_of_no_canary before insert or update on attempt "
        "for each row execute function canary_is_never_sent()"
    )
    op.execute(
        """
        create function canary_stays_one() returns trigger language plpgsql as
        $$ begin raise exception 'a canary stays a canary'; end $$
        """
    )
    op.execute(
        "create trigger action_canary_stays before update on action for each row "
        "when (old.canary is distinct from new.canary) execute function canary_stays_one()"
    )


def _tables() -> None:
    op.create_table(
        "standing_version",
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("v", sa.Integer(), nullable=False),
        sa.Column("agent_version", sa.String(), nullable=False),
        sa.Column("began_at", _TIME, nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("category", "v"),
    )
    op.create_table(
        "evidence",
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("v", sa.Integer(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("k", sa.Integer(), nullable=False),
        sa.Column("log_e", sa.Float(), nullable=False),
        sa.Column("supports", sa.String(), nullable=False),
        sa.Column("weighed_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("category"),
    )
    op.create_table(
        "canary",
        sa.Column("action_id", sa.String(), nullable=False),
        sa.Column("made_from", sa.String(), nullable=False),
        sa.Column("broke", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("answered_by", sa.String(), nullable=True),
        sa.Column("missed", sa.Boolean(), nullable=True),
        sa.Column("answered_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"]),
        sa.PrimaryKeyConstraint("action_id"),
    )
    op.create_table(
        "late_error",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("action_id", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["action.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("action_id", "kind"),
    )
    op.create_index(op.f("ix_late_error_action_id"), "late_error", ["action_id"])
    op.create_index(op.f("ix_late_error_category"), "late_error", ["category"])


def downgrade() -> None:
    raise NotImplementedError("evidence is not taken away: restore a backup instead")
