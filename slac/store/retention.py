"""What a store lets go of: what is old, and what is too much; what belongs to an open violation stays longest."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from slac.store.engine import Store
from slac.store.tables import audit_states, records, violations

SHARE: Final = 10
"""When the store is too large, one part in so many of its records goes at a time, the oldest first."""


def purge(store: Store, *, retain: int, limit: int) -> int:
    """Let go of what was stored longer than `retain` (µs) ago, then of the oldest until at most `limit` bytes are used.

    Returns how many records went. Age is that of the storing, so that what is made of old files is kept too. States of
    audits stay without their records, until their key is forgotten; the records of a violation that stands stay.
    """
    with store.begin() as connection:
        gone = _delete(connection, datetime.now(UTC) - timedelta(microseconds=retain))
    # An emptied page is used again, so the size of a file says nothing of what is in it.
    while used(store) > limit:
        with store.begin() as connection:
            count = connection.execute(sa.select(sa.func.count()).select_from(records)).scalar() or 0
            place = max(count // SHARE, 1) - 1
            oldest = sa.select(records.c.stored).order_by(records.c.stored).offset(place).limit(1)
            until = connection.execute(oldest).scalar()
            more = _delete(connection, until + timedelta(microseconds=1)) if until is not None else 0
        gone += more
        if not more:
            break
    if gone:
        _give_back(store)
    return gone


def used(store: Store) -> int:
    """Bytes that the store's contents take."""
    with store.begin() as connection:
        if not store.is_sqlite:
            tables = (t.name for t in records.metadata.sorted_tables)
            return sum(
                connection.execute(sa.text("SELECT pg_total_relation_size(:name)"), {"name": name}).scalar() or 0
                for name in tables
            )
        pages, free, size = (
            connection.execute(sa.text(f"PRAGMA {name}")).scalar() or 0
            for name in ("page_count", "freelist_count", "page_size")
        )
    return int((pages - free) * size)


def _delete(connection: Connection, before: datetime) -> int:
    is_open = (
        sa.select(violations.c.episode)
        .where(
            violations.c.document == records.c.document,
            violations.c.violation == records.c.block,
            violations.c.episode == records.c.episode,
            violations.c.status == "raised",
        )
        .exists()
    )
    gone = connection.execute(sa.delete(records).where(records.c.stored < before, ~is_open))
    told = _has_records(violations.c.document, violations.c.violation, records.c.episode == violations.c.episode)
    connection.execute(sa.delete(violations).where(violations.c.status != "raised", ~told))
    # Of a key that its audit has forgotten nothing will follow.
    said = _has_records(audit_states.c.document, audit_states.c.audit, records.c.id == audit_states.c.id)
    connection.execute(sa.delete(audit_states).where(audit_states.c.kind == "forgotten", ~said))
    return int(gone.rowcount)


def _has_records(
    document: sa.Column[str], block: sa.Column[str], which: sa.ColumnElement[bool]
) -> sa.ColumnElement[bool]:
    return sa.select(records.c.id).where(records.c.document == document, records.c.block == block, which).exists()


def _give_back(store: Store) -> None:
    if not store.is_sqlite:
        return
    raw = store.engine.raw_connection()
    try:
        for statement in ("PRAGMA incremental_vacuum", "PRAGMA wal_checkpoint(TRUNCATE)"):
            # Each row that is fetched of the first is a page that it has given back.
            raw.cursor().execute(statement).fetchall()
        raw.commit()
    finally:
        raw.close()
