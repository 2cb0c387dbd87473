"""Documents, deployments, records, states of audits, violations."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NAME, ID, INSTANT = sa.String(255), sa.String(16), sa.DateTime(timezone=True)
BODY = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables; they stand here as they were then, whatever `slac.store.tables` says later."""
    op.create_table(
        "documents",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", NAME, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("meaning", sa.String(64), nullable=False),
        sa.Column("plan", sa.LargeBinary, nullable=False),
        sa.Column("first_seen", INSTANT, nullable=False),
        sa.UniqueConstraint("name", "digest"),
        sa.UniqueConstraint("name", "version"),
    )
    op.create_table(
        "deployments",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("document_id", sa.Integer, sa.ForeignKey("documents.id"), nullable=False),
        sa.Column("node", NAME, nullable=False),
        sa.Column("instance", NAME, nullable=False),
        sa.Column("slac", sa.String(64), nullable=False),
        sa.Column("started", INSTANT, nullable=False),
        sa.Column("ended", INSTANT),
        sa.Column("outcome", sa.String(16), nullable=False),
    )
    op.create_table(
        "records",
        sa.Column("document", NAME, primary_key=True),
        sa.Column("block", NAME, primary_key=True),
        sa.Column("id", ID, primary_key=True),
        sa.Column("revision", sa.Integer, primary_key=True),
        sa.Column("type", sa.String(16), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("time", INSTANT, nullable=False),
        sa.Column("episode", ID),
        sa.Column("withdrawn", sa.Boolean, nullable=False),
        sa.Column("stored", INSTANT, nullable=False),
        sa.Column("body", BODY, nullable=False),
        sa.Index("records_by_key", "document", "block", "key", "time"),
        sa.Index("records_by_episode", "document", "block", "episode"),
        sa.Index("records_by_stored", "stored"),
    )
    op.create_table(
        "audit_states",
        sa.Column("document", NAME, primary_key=True),
        sa.Column("audit", NAME, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("state", NAME),
        sa.Column("verdict", sa.String(16)),
        sa.Column("since", INSTANT),
        sa.Column("time", INSTANT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
    )
    op.create_table(
        "violations",
        sa.Column("document", NAME, primary_key=True),
        sa.Column("violation", NAME, primary_key=True),
        sa.Column("episode", ID, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("severity", sa.String(16)),
        sa.Column("raised", INSTANT),
        sa.Column("resolved", INSTANT),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("told", INSTANT, nullable=False),
        sa.Index("violations_by_status", "document", "violation", "status"),
    )


def downgrade() -> None:
    """Back to nothing."""
    for table in ("violations", "audit_states", "records", "deployments", "documents"):
        op.drop_table(table)
