"""Rows of an audit and of a violation as their operators make them, and stores to put them into."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from slac.store import BlockKind
from slac.stream.batch import ID, REVISION, TIME

START = datetime(2026, 11, 1, tzinfo=UTC)
AUDIT = BlockKind("report", ("module",))
VIOLATION = BlockKind("violation", ("module",))


def minute(number: int) -> datetime:
    """The instant so many minutes after the start."""
    return START + timedelta(minutes=number)


def reports(*said: tuple[Any, ...]) -> pl.DataFrame:
    """Rows of (id, minute, key, kind, state); of a revision: a sixth element."""
    return frame([(*s, 0)[:6] for s in said], ("kind", "state"), {"verdict": "OK"})


def alarms(*said: tuple[Any, ...]) -> pl.DataFrame:
    """Rows of (id, minute, key, kind, id of the episode); of a revision: a sixth element."""
    rows = [(*s[:4], f"{s[4]:016x}", *s[5:], 0)[:6] for s in said]
    return frame(rows, ("kind", "violation"), {"severity": "critical", "reason": None})


def frame(rows: list[tuple[Any, ...]], names: tuple[str, str], more: dict[str, Any]) -> pl.DataFrame:
    """Columns `_time`, `_id`, `_revision`, `module`, two of their own, `since` and what all rows say."""
    ids, minutes, keys, first, second, revisions = zip(*rows, strict=True)
    return pl.DataFrame(
        {
            TIME: pl.Series([minute(m) for m in minutes], dtype=pl.Datetime("us", "UTC")),
            ID: pl.Series(ids, dtype=pl.UInt64),
            REVISION: pl.Series(revisions, dtype=pl.Int32),
            "module": keys,
            names[0]: first,
            names[1]: second,
            "since": pl.Series([minute(m) for m in minutes], dtype=pl.Datetime("us", "UTC")),
        }
    ).with_columns(pl.lit(value).alias(name) for name, value in more.items())
