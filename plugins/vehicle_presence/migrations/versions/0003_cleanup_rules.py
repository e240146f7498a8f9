"""Rules of the clean-up as data, its runs, its proposals, and who wants its mail."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.db.ddl import lock_tenant_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None
STAYS, DOUBTS = "vehicle_presence_stays", "vehicle_presence_doubts"
RULES, RUNS = "vehicle_presence_rules", "vehicle_presence_cleanup_runs"
CHOICES = "vehicle_presence_digest_choices"
CLOSED_BY = "ck_vehicle_presence_stays_closed_by"


def upgrade() -> None:
    """Add tables, columns and indexes; the release before goes on working without them."""
    op.create_table(
        RULES,
        *_key(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        _moment("created_at", server_default=sa.text("now()")),
        _moment("updated_at", server_default=sa.text("now()")),
        sa.CheckConstraint("mode in ('propose', 'automatic')", name=op.f(f"ck_{RULES}_mode")),
        sa.CheckConstraint("days between 0 and 365", name=op.f(f"ck_{RULES}_days")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{RULES}")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f(f"uq_{RULES}_tenant_id_name")),
    )
    op.create_table(
        RUNS,
        *_key(),
        sa.Column("night", sa.Date(), nullable=True),
        _moment("began_at"),
        _moment("ended_at", nullable=True),
        _moment("after_at", nullable=True),
        sa.Column("after_id", sa.Uuid(), nullable=True),
        *(
            sa.Column(name, sa.Integer(), server_default=sa.text("0"), nullable=False)
            for name in ("rounds", "held", "marked", "asked")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{RUNS}")),
        sa.UniqueConstraint("tenant_id", "night", name=op.f(f"uq_{RUNS}_tenant_id_night")),
    )
    op.create_table(
        CHOICES,
        *_key(),
        sa.Column("staff_id", sa.Uuid(), nullable=False),
        sa.Column("is_wanted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "staff_id"],
            ["staff_members.tenant_id", "staff_members.id"],
            name=op.f(f"fk_{CHOICES}_tenant_id_staff_id_staff_members"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f(f"pk_{CHOICES}")),
        sa.UniqueConstraint("tenant_id", "staff_id", name=op.f(f"uq_{CHOICES}_tenant_id_staff_id")),
    )
    lock_tenant_tables((RULES, RUNS, CHOICES))
    op.add_column(DOUBTS, _moment("left_at", nullable=True))
    op.add_column(
        DOUBTS,
        sa.Column(
            "evidence",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    _close_by("'clock', 'bulk', 'sweep', 'confirmed', 'correction'")
    op.create_index(
        "ix_vehicle_presence_stays_noted",
        STAYS,
        ["tenant_id", "left_noted_at"],
        postgresql_where=sa.text("left_at is not null"),
    )
    op.create_index(
        "ix_vehicle_presence_stays_swept",
        STAYS,
        ["tenant_id", "left_noted_at", "id"],
        postgresql_where=sa.text("closed_by = 'sweep'"),
    )


def downgrade() -> None:
    """Drop them; what a person confirmed was then marked by many at once."""
    op.drop_index("ix_vehicle_presence_stays_swept", STAYS)
    op.drop_index("ix_vehicle_presence_stays_noted", STAYS)
    op.execute(f"UPDATE {STAYS} SET closed_by = 'bulk' WHERE closed_by = 'confirmed'")
    _close_by("'clock', 'bulk', 'sweep', 'correction'")
    op.drop_column(DOUBTS, "evidence")
    op.drop_column(DOUBTS, "left_at")
    for table in (CHOICES, RUNS, RULES):
        op.drop_table(table)


def _key() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
    )


def _moment(name: str, *, nullable: bool = False, **more: object) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable, **more)  # type: ignore[arg-type]


def _close_by(ways: str) -> None:
    op.drop_constraint(op.f(CLOSED_BY), STAYS)
    op.create_check_constraint(
        op.f(CLOSED_BY), STAYS, f"closed_by is null or closed_by in ({ways})"
    )
