"""Drafts of requests, and their photos."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.db.ddl import ADD_ONLY, lock_tenant_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables, then put their locks on."""
    op.create_table(
        "self_service_portal_drafts",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "answers",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["jobs.tenant_id", "jobs.id"],
            name=op.f("fk_self_service_portal_drafts_tenant_id_job_id_jobs"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_self_service_portal_drafts")),
        sa.UniqueConstraint(
            "tenant_id",
            "secret_hash",
            name=op.f("uq_self_service_portal_drafts_tenant_id_secret_hash"),
        ),
    )
    op.create_index(
        "ix_self_service_portal_drafts_expiry",
        "self_service_portal_drafts",
        ["tenant_id", "expires_at"],
        unique=False,
    )
    op.create_table(
        "self_service_portal_draft_photos",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("draft_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("facts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("view", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "thumb",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "draft_id"],
            ["self_service_portal_drafts.tenant_id", "self_service_portal_drafts.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_self_service_portal_draft_photos")
        ),
        sa.UniqueConstraint(
            "tenant_id",
            "draft_id",
            "sha256",
            name=op.f("uq_self_service_portal_draft_photos_tenant_id_draft_id_sha256"),
        ),
    )
    lock_tenant_tables(("self_service_portal_drafts", "self_service_portal_draft_photos"))
    _create_talk()
    _create_mails()
    _create_time_wishes()
    _create_look()


def downgrade() -> None:
    """Drop the tables."""
    _drop_look()
    op.drop_table("self_service_portal_time_wishes")
    _drop_mails()
    _drop_talk()
    op.drop_table("self_service_portal_draft_photos")
    op.drop_table("self_service_portal_drafts")


def _create_talk() -> None:
    """Messages, wishes for mail, and estimates with how they ended."""
    op.create_table(
        "self_service_portal_messages",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("once", sa.Uuid(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("author_name", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("author in ('customer', 'garage')", name="author"),
        sa.CheckConstraint("char_length(body) between 1 and 2000", name="body"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"], ["jobs.tenant_id", "jobs.id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_self_service_portal_messages")),
        sa.UniqueConstraint("tenant_id", "job_id", "once"),
    )
    op.create_index(
        "ix_self_service_portal_messages_talk",
        "self_service_portal_messages",
        ["tenant_id", "job_id", "sent_at"],
    )
    op.create_index(
        "ix_self_service_portal_messages_unread",
        "self_service_portal_messages",
        ["tenant_id", "job_id"],
        postgresql_where=sa.text("read_at is null and author = 'customer'"),
    )
    op.create_table(
        "self_service_portal_stage_wishes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("choice", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("choice in ('every', 'ready', 'never')", name="choice"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"], ["jobs.tenant_id", "jobs.id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_self_service_portal_stage_wishes")
        ),
        sa.UniqueConstraint("tenant_id", "job_id"),
    )
    op.create_table(
        "self_service_portal_quotes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("once", sa.Uuid(), nullable=False),
        sa.Column("net", sa.Numeric(10, 2), nullable=False),
        sa.Column("gross", sa.Numeric(10, 2), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("pdf_key", sa.Text(), nullable=True),
        sa.Column("pdf_sha256", sa.Text(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_by", sa.Text(), nullable=False),
        sa.CheckConstraint("net > 0 and gross >= net", name="amounts"),
        sa.CheckConstraint("(pdf_key is null) = (pdf_sha256 is null)", name="pdf"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"], ["jobs.tenant_id", "jobs.id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_self_service_portal_quotes")),
        sa.UniqueConstraint("tenant_id", "job_id", "once"),
    )
    op.create_index(
        "ix_self_service_portal_quotes_job",
        "self_service_portal_quotes",
        ["tenant_id", "job_id", "sent_at"],
    )
    op.create_table(
        "self_service_portal_quote_outcomes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("quote_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("net", sa.Numeric(10, 2), nullable=False),
        sa.Column("gross", sa.Numeric(10, 2), nullable=False),
        sa.Column("pdf_sha256", sa.Text(), nullable=True),
        sa.Column("noted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("noted_by", sa.Text(), nullable=True),
        sa.CheckConstraint("kind in ('approved', 'declined', 'withdrawn')", name="kind"),
        sa.ForeignKeyConstraint(
            ["tenant_id", "quote_id"],
            ["self_service_portal_quotes.tenant_id", "self_service_portal_quotes.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_self_service_portal_quote_outcomes")
        ),
        sa.UniqueConstraint("tenant_id", "quote_id"),
    )
    op.create_index(
        "ix_self_service_portal_quote_outcomes_new",
        "self_service_portal_quote_outcomes",
        ["tenant_id", "at"],
        postgresql_where=sa.text("noted_at is null"),
    )
    lock_tenant_tables(("self_service_portal_messages", "self_service_portal_stage_wishes"))
    # What was sent and what was decided about it cannot be changed or removed by anybody.
    lock_tenant_tables(("self_service_portal_quotes",), grant=ADD_ONLY)
    lock_tenant_tables(
        ("self_service_portal_quote_outcomes",),
        grant=f"{ADD_ONLY}, UPDATE (noted_at, noted_by)",
    )


def _drop_talk() -> None:
    op.drop_table("self_service_portal_quote_outcomes")
    op.drop_table("self_service_portal_quotes")
    op.drop_table("self_service_portal_stage_wishes")
    op.drop_table("self_service_portal_messages")


def _create_mails() -> None:
    """What was mailed to customers, and what one of them must still confirm."""
    op.create_table(
        "self_service_portal_stage_mails",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"], ["jobs.tenant_id", "jobs.id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_self_service_portal_stage_mails")
        ),
        sa.UniqueConstraint("tenant_id", "job_id", "stage"),
    )
    op.create_table(
        "self_service_portal_confirmations",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("appointment_id", sa.Uuid(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("freed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "appointment_id"],
            ["appointments.tenant_id", "appointments.id"],
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_self_service_portal_confirmations")
        ),
        sa.UniqueConstraint("tenant_id", "appointment_id"),
    )
    op.create_index(
        "ix_self_service_portal_confirmations_open",
        "self_service_portal_confirmations",
        ["tenant_id", "expires_at"],
        postgresql_where=sa.text("confirmed_at is null and freed_at is null"),
    )
    lock_tenant_tables(("self_service_portal_stage_mails", "self_service_portal_confirmations"))


def _drop_mails() -> None:
    op.drop_table("self_service_portal_confirmations")
    op.drop_table("self_service_portal_stage_mails")


def _create_time_wishes() -> None:
    op.create_table(
        "self_service_portal_time_wishes",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("owner_hash", sa.Text(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("draft_id", sa.Uuid(), nullable=True),
        sa.Column(
            "answers",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column(
            "weekdays",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column(
            "halves",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'"),
            nullable=False,
        ),
        sa.Column("consent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("secret_hash", sa.Text(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "kind in ('estimate', 'drop_off')",
            name=op.f("ck_self_service_portal_time_wishes_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"], ["jobs.tenant_id", "jobs.id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "id", name=op.f("pk_self_service_portal_time_wishes")
        ),
    )
    op.create_index(
        "uq_self_service_portal_time_wishes_open",
        "self_service_portal_time_wishes",
        ["tenant_id", "kind", "owner_hash"],
        unique=True,
        postgresql_where=sa.text("done_at is null"),
    )
    op.create_index(
        "uq_self_service_portal_time_wishes_secret",
        "self_service_portal_time_wishes",
        ["tenant_id", "secret_hash"],
        unique=True,
        postgresql_where=sa.text("secret_hash is not null"),
    )
    op.create_index(
        "ix_self_service_portal_time_wishes_listed",
        "self_service_portal_time_wishes",
        ["tenant_id", "done_at", "id"],
    )
    lock_tenant_tables(("self_service_portal_time_wishes",))


def _create_look() -> None:
    """What the owner decided about the portal, and what customers consented to."""
    content = postgresql.JSONB(astext_type=sa.Text())
    op.create_table(
        "self_service_portal_looks",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("content", content, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("former", content, server_default=sa.text("'{}'"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_self_service_portal_looks")),
        sa.UniqueConstraint("tenant_id"),
    )
    op.create_table(
        "self_service_portal_consents",
        sa.Column("tenant_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), server_default=sa.text("uuidv7()"), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("wording", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"], ["jobs.tenant_id", "jobs.id"], ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_self_service_portal_consents")),
    )
    op.create_index(
        "ix_self_service_portal_consents_job",
        "self_service_portal_consents",
        ["tenant_id", "job_id"],
    )
    lock_tenant_tables(("self_service_portal_looks",))
    # What somebody agreed to, in which words and when, cannot be changed by anybody.
    lock_tenant_tables(("self_service_portal_consents",), grant=ADD_ONLY)


def _drop_look() -> None:
    op.drop_table("self_service_portal_consents")
    op.drop_table("self_service_portal_looks")
