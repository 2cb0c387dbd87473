"""Rows of audits and violations into a store: each once, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Literal

import orjson
import polars as pl
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from slac.adapters.publication.records import to_records
from slac.store.tables import audit_states, records, violations

PART: Final = 400
"""Rows of one statement: SQLite bounds how many values it takes."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BlockKind:
    """What a stored block says, and the columns of its key."""

    type: Literal["report", "violation"]
    keys: tuple[str, ...]


def write_rows(connection: Connection, document: str, block: str, kind: BlockKind, frame: pl.DataFrame) -> None:
    """Store rows of one block (meta columns included); the same rows again change nothing."""
    stored = datetime.now(UTC)
    rows = [
        _row(r, document, block, kind, stored)
        for r in to_records(frame, document=document, block=block, kind=kind.type)
    ]
    if rows:
        _upsert(connection, records, rows)
        follow = _follow_states if kind.type == "report" else _follow_episodes
        follow(connection, document, block, rows)


def _row(record: Row, document: str, block: str, kind: BlockKind, stored: datetime) -> Row:
    return {
        "document": document,
        "block": block,
        "id": record["id"],
        "revision": record["revision"],
        "type": kind.type,
        "kind": record["kind"],
        "key": key_text({name: record[name] for name in kind.keys}),
        "time": _instant(record["time"]),
        "episode": record.get("violation") if kind.type == "violation" else None,
        "withdrawn": bool(record.get("withdrawn")),
        "stored": stored,
        "body": record,
    }


def key_text(key: Mapping[str, Any]) -> str:
    """A key as the text under which it is stored: JSON with its names in order."""
    return orjson.dumps(key, option=orjson.OPT_SORT_KEYS).decode()


def _instant(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _upsert(connection: Connection, table: sa.Table, rows: Sequence[Row]) -> None:
    """Insert, or take the place of the row with the same primary key."""
    make = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement: Any = make(table)
    keys = [c.name for c in table.primary_key]
    others = {c.name: statement.excluded[c.name] for c in table.columns if c.name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=others)
    once = {tuple(row[k] for k in keys): row for row in rows}
    connection.execute(statement, list(once.values()))


def _standing(connection: Connection, where: sa.ColumnElement[bool]) -> list[Row]:
    """The newest revision of each record that meets `where`, without those that were taken back; oldest first."""
    found = connection.execute(
        sa.select(records).where(where).order_by(records.c.time, records.c.id, records.c.revision)
    ).mappings()
    newest: dict[str, Row] = {row["id"]: dict(row) for row in found}
    return sorted((r for r in newest.values() if not r["withdrawn"]), key=lambda r: (r["time"], r["id"]))


def _follow_states(connection: Connection, document: str, audit: str, rows: Sequence[Row]) -> None:
    """The state of each key that was spoken of: by its latest record; taken-back ones are looked up again."""
    touched = {row["key"] for row in rows}
    again = {row["key"] for row in rows if row["revision"]}
    known = (r for part in _parts(sorted(touched - again)) for r in _states(connection, document, audit, part))
    held = {row["key"]: row["time"] for row in known}
    latest: dict[str, Row] = {}
    for row in sorted((r for r in rows if r["key"] not in again), key=lambda r: r["time"]):
        if row["key"] not in held or row["time"] >= held[row["key"]]:
            latest[row["key"]] = _state(row, audit)
    for key in sorted(again):
        of_key = (records.c.document == document) & (records.c.block == audit) & (records.c.key == key)
        standing = _standing(connection, of_key)
        if standing:
            latest[key] = _state(standing[-1], audit)
        else:
            connection.execute(sa.delete(audit_states).where(*_is_state(document, audit), audit_states.c.key == key))
    if latest:
        _upsert(connection, audit_states, list(latest.values()))


def _is_state(document: str, audit: str) -> tuple[sa.ColumnElement[bool], ...]:
    return audit_states.c.document == document, audit_states.c.audit == audit


def _states(connection: Connection, document: str, audit: str, keys: Sequence[str]) -> Iterable[Any]:
    return connection.execute(
        sa.select(audit_states.c.key, audit_states.c.time).where(
            *_is_state(document, audit), audit_states.c.key.in_(keys)
        )
    ).mappings()


def _state(row: Row, audit: str) -> Row:
    body = row["body"]
    return {
        "document": row["document"],
        "audit": audit,
        "key": row["key"],
        "state": body.get("state"),
        "verdict": body.get("verdict"),
        "since": _instant(body.get("since")),
        "time": row["time"],
        "id": row["id"],
        "revision": row["revision"],
        "kind": row["kind"],
    }


def _follow_episodes(connection: Connection, document: str, violation: str, rows: Sequence[Row]) -> None:
    """Each episode that was spoken of, told anew from its few records."""
    touched = sorted({row["episode"] for row in rows})
    found: list[Row] = []
    for part in _parts(touched):
        where = (records.c.document == document) & (records.c.block == violation) & records.c.episode.in_(part)
        of_episode: dict[str, list[Row]] = {}
        for row in _standing(connection, where):
            of_episode.setdefault(row["episode"], []).append(row)
        lost = {row["episode"]: row for row in rows if row["episode"] in part and row["episode"] not in of_episode}
        found += [_episode(standing, violation) for standing in of_episode.values()]
        found += [{**_episode([row], violation), "status": "withdrawn"} for row in lost.values()]
    _upsert(connection, violations, found)


def _episode(standing: Sequence[Row], violation: str) -> Row:
    first, last = standing[0], standing[-1]
    ends = [row for row in standing if row["kind"] == "resolved"]
    begins = [row for row in standing if row["kind"] == "raised"]
    return {
        "document": first["document"],
        "violation": violation,
        "episode": first["episode"],
        "key": first["key"],
        "severity": last["body"].get("severity"),
        "raised": begins[0]["time"] if begins else _instant(first["body"].get("since")),
        "resolved": ends[-1]["time"] if ends else None,
        "status": "resolved" if ends else "raised" if begins else "withdrawn",
        "reason": last["body"].get("reason"),
        "told": last["time"],
    }


def _parts(items: Sequence[str]) -> Iterable[Sequence[str]]:
    return (items[i : i + PART] for i in range(0, len(items), PART))
