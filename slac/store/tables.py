"""What the store holds, as SQLAlchemy tables; `migrations/` brings a database to this form.

`records` is the truth: every row that an audit or a violation has said, once for each (document, block, id, revision).
`audit_states` and `violations` are what follows from it, kept at hand: they can be made anew from it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

NAME: Final = sa.String(255)
ID: Final = sa.String(16)
"""16 hex digits: SQLite's integers have a sign, and a number of 64 bits breaks in JavaScript."""
BODY: Final = sa.JSON().with_variant(JSONB(), "postgresql")


class Instant(TypeDecorator[datetime]):
    """An instant in UTC with microseconds, aware in Python; SQLite keeps it as text that sorts."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """SQLite has no zones: what is kept is UTC."""
        if value is None:
            return None
        return value.astimezone(UTC) if dialect.name == "postgresql" else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Aware again."""
        del dialect
        if value is None:
            return None
        found: datetime = value
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


METADATA: Final = sa.MetaData()

documents: Final = sa.Table(
    "documents",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", NAME, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, comment="counts from 1 for each name"),
    sa.Column("digest", sa.String(64), nullable=False, comment="of the text, its parameters, imports and functions"),
    sa.Column("meaning", sa.String(64), nullable=False, comment="equal where two versions compute the same"),
    sa.Column("plan", sa.LargeBinary, nullable=False, comment="as slac compile writes it"),
    sa.Column("first_seen", Instant, nullable=False),
    sa.UniqueConstraint("name", "digest"),
    sa.UniqueConstraint("name", "version"),
)

deployments: Final = sa.Table(
    "deployments",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("document_id", sa.Integer, sa.ForeignKey("documents.id"), nullable=False),
    sa.Column("node", NAME, nullable=False),
    sa.Column("instance", NAME, nullable=False),
    sa.Column("slac", sa.String(64), nullable=False, comment="version of slac"),
    sa.Column("started", Instant, nullable=False),
    sa.Column("ended", Instant, comment="NULL while it runs, or where it was lost"),
    sa.Column("outcome", sa.String(16), nullable=False, comment="running, ended, or lost: a later start found it open"),
)

records: Final = sa.Table(
    "records",
    METADATA,
    sa.Column("document", NAME, primary_key=True),
    sa.Column("block", NAME, primary_key=True),
    sa.Column("id", ID, primary_key=True),
    sa.Column("revision", sa.Integer, primary_key=True),
    sa.Column("type", sa.String(16), nullable=False, comment="report or violation"),
    sa.Column("kind", sa.String(16), nullable=False, comment="change, stay, …; raised, repeated, resolved"),
    sa.Column("key", sa.Text, nullable=False, comment="the block's key as canonical JSON"),
    sa.Column("time", Instant, nullable=False),
    sa.Column("episode", ID, comment="of a violation: the id of the row that raised it"),
    sa.Column("withdrawn", sa.Boolean, nullable=False),
    sa.Column("stored", Instant, nullable=False),
    sa.Column("body", BODY, nullable=False, comment="the whole row, as outputs publish it"),
    sa.Index("records_by_key", "document", "block", "key", "time"),
    sa.Index("records_by_episode", "document", "block", "episode"),
    sa.Index("records_by_stored", "stored"),
)

audit_states: Final = sa.Table(
    "audit_states",
    METADATA,
    sa.Column("document", NAME, primary_key=True),
    sa.Column("audit", NAME, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("state", NAME),
    sa.Column("verdict", sa.String(16)),
    sa.Column("since", Instant),
    sa.Column("time", Instant, nullable=False, comment="of the record that says so"),
    sa.Column("id", ID, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
)

violations: Final = sa.Table(
    "violations",
    METADATA,
    sa.Column("document", NAME, primary_key=True),
    sa.Column("violation", NAME, primary_key=True),
    sa.Column("episode", ID, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("severity", sa.String(16)),
    sa.Column("raised", Instant),
    sa.Column("resolved", Instant),
    sa.Column("status", sa.String(16), nullable=False, comment="raised, resolved or withdrawn"),
    sa.Column("reason", sa.Text),
    sa.Column("told", Instant, nullable=False, comment="time of the latest record"),
    sa.Index("violations_by_status", "document", "violation", "status"),
)
