"""What a store is asked: the history of an audit or violation, what stands now, and what ran."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from slac.diagnostics import UsageError
from slac.diagnostics.suggest import listed, suggest
from slac.store.engine import Store
from slac.store.tables import audit_states, deployments, documents, records, violations

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which records: of a block, of keys with these values, from `begin` (included) to `until` (excluded)."""

    block: str
    document: str | None = None
    key: Mapping[str, str] | None = None
    begin: datetime | None = None
    until: datetime | None = None
    limit: int = 100
    all_revisions: bool = False


def history(store: Store, wanted: Wanted) -> list[Row]:
    """The latest `limit` records, oldest first: their bodies, as outputs publish them.

    UsageError where nothing is known of the block.
    """
    known = _known(store, wanted)
    where: list[sa.ColumnElement[bool]] = [sa.tuple_(records.c.document, records.c.block).in_(known)]
    where += [records.c.time >= wanted.begin] if wanted.begin is not None else []
    where += [records.c.time < wanted.until] if wanted.until is not None else []
    if not wanted.all_revisions:
        newer = records.alias()
        where.append(
            ~sa.select(newer.c.id)
            .where(
                newer.c.document == records.c.document,
                newer.c.block == records.c.block,
                newer.c.id == records.c.id,
                newer.c.revision > records.c.revision,
            )
            .exists()
        )
        where.append(~records.c.withdrawn)
    for name, value in (wanted.key or {}).items():
        where.append(_says(name, value))
    latest = (
        sa.select(records.c.body)
        .where(*where)
        .order_by(records.c.time.desc(), records.c.id.desc(), records.c.revision.desc())
        .limit(wanted.limit)
    )
    with store.begin() as connection:
        return [dict(row.body) for row in connection.execute(latest)][::-1]


def with_id(store: Store, record_id: str) -> Row | None:
    """The record with this id, as it was said last; None where there is none."""
    query = sa.select(records.c.body).where(records.c.id == record_id).order_by(records.c.revision.desc()).limit(1)
    with store.begin() as connection:
        row = connection.execute(query).first()
    return None if row is None else dict(row.body)


def states(store: Store, document: str | None = None) -> list[Row]:
    """The present state of every key of every audit."""
    return _all(
        store, sa.select(audit_states).order_by(audit_states.c.audit, audit_states.c.key), audit_states, document
    )


def episodes(store: Store, document: str | None = None, *, only_raised: bool = True) -> list[Row]:
    """Violations, those that stand now or all."""
    query = sa.select(violations).order_by(violations.c.raised)
    query = query.where(violations.c.status == "raised") if only_raised else query
    return _all(store, query, violations, document)


def runs(store: Store, document: str | None = None) -> list[Row]:
    """Which runtime ran which version of which document, and when."""
    columns = (documents.c.name.label("document"), documents.c.version, *deployments.c)
    query = sa.select(*columns).join(documents, documents.c.id == deployments.c.document_id)
    query = query.order_by(deployments.c.started)
    query = query if document is None else query.where(documents.c.name == document)
    with store.begin() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _all(store: Store, query: sa.Select[Any], table: sa.Table, document: str | None) -> list[Row]:
    query = query if document is None else query.where(table.c.document == document)
    with store.begin() as connection:
        return [dict(row) for row in connection.execute(query).mappings()]


def _known(store: Store, wanted: Wanted) -> Sequence[tuple[str, str]]:
    with store.begin() as connection:
        found = [tuple(r) for r in connection.execute(sa.select(records.c.document, records.c.block).distinct())]
    fitting = [
        (document, block) for document, block in found if block == wanted.block and wanted.document in {None, document}
    ]
    if fitting:
        return fitting
    names = sorted({block for document, block in found if wanted.document in {None, document}})
    where = f' of document "{wanted.document}"' if wanted.document else ""
    hint = suggest(wanted.block, names)
    raise UsageError(
        f'the store {store.place} has nothing of "{wanted.block}"{where}; it has: {listed(names)}'
        + (f"; {hint}" if hint else "")
    )


def _says(name: str, value: str) -> sa.ColumnElement[bool]:
    """Whether a column of the record says so; numbers and truth values are compared as their JSON text."""
    return sa.func.lower(records.c.body[name].as_string()) == value.lower()
