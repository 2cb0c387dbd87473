"""Inputs: what comes in, in which time, how fast, and what of it may be dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, get_args

from slac.language.document import (
    EmitDecl,
    InputDecl,
    Kept,
    MapEntry,
    PassDecl,
    RateDecl,
    Ref,
    TimeDecl,
    TimeUnit,
    Unknown,
)
from slac.language.rates import parse_burst, parse_rate
from slac.language.reading.cursor import Cursor, each
from slac.language.reading.shedding import sampled, shed, silent
from slac.language.reading.terms import COLUMN, duration, ref, refs, settings, sql, unit
from slac.language.schema import words_of
from slac.language.shed_decls import ShedDecl
from slac.language.sizes import parse_percentage, parse_size

LATENESS: Final = "0s"
IDLE: Final = "10s"
RETAIN: Final = "24h"
OTHERWISE: Final = "otherwise"
"""Stands for the condition of a type that takes what meets no other."""
_UNKNOWN: Final[tuple[Unknown, ...]] = get_args(Unknown)
_KEPT: Final[tuple[Kept, ...]] = get_args(Kept)
_KEY: Final = re.compile(r'"[^"]+"|[^."\[\]]+')
_PATH: Final = re.compile(rf"(?:\$\.)?(?:{_KEY.pattern})(?:\.(?:{_KEY.pattern}))*")
_NUMBER: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_UNITS: Final[tuple[TimeUnit, ...]] = get_args(TimeUnit)


def input_(cursor: Cursor, shared: ShedDecl | None = None) -> InputDecl | None:
    """One input; None where its adapter or its type is missing. `shared`: the contract where it states none."""
    adapter, emits = ref(cursor.get("adapter")), _emits(cursor.get("emits"))
    time, contract, rate = _time(cursor), shed(cursor), _rate(cursor.get("rate"))
    mapped = each(cursor.get("map"), _map_entry)
    natural = refs(cursor.get("id"))
    retain_us = duration(cursor, "retain", RETAIN if natural else None)
    own = settings(cursor, words_of("input"))
    if adapter is None or not emits:
        return None
    return InputDecl(
        name=cursor.name,
        adapter=adapter,
        settings=own,
        emits=emits,
        time=time,
        map=mapped,
        id=natural,
        retain_us=retain_us or 0,
        until=ref(cursor.get("until")),
        unknown=_unknown(cursor),
        quarantine=_quarantine(cursor),
        rate=rate,
        shed=contract or shared or silent(cursor),
        sampled=sampled(cursor),
        disk=unit(cursor.get("disk"), parse_size),
        lag_us=duration(cursor, "lag"),
        span=cursor.key_span,
        path=cursor.path,
    )


def _emits(cursor: Cursor | None) -> tuple[EmitDecl, ...]:
    """The types of an input: one, or several with the condition of each."""
    only = ref(cursor)
    if only is not None:
        return (EmitDecl(type=only, when=None, span=only.span, path=only.path),)
    return each(cursor, _emit)


def _emit(cursor: Cursor) -> EmitDecl | None:
    if not COLUMN.fullmatch(cursor.name) or cursor.text is None:
        return None
    rest = cursor.text.strip().lower() == OTHERWISE
    when = None if rest else sql(cursor)
    if when is None and not rest:
        return None
    named = Ref(name=cursor.name, span=cursor.key_span, path=cursor.path)
    return EmitDecl(type=named, when=when, span=cursor.key_span, path=cursor.path)


def _unknown(owner: Cursor) -> Unknown:
    cursor = owner.get("unknown")
    return next((choice for choice in _UNKNOWN if cursor is not None and choice == cursor.text), "drop")


def _quarantine(owner: Cursor) -> Kept | None:
    cursor = owner.get("quarantine")
    return next((choice for choice in _KEPT if cursor is not None and choice == cursor.text), None)


def _time(owner: Cursor) -> TimeDecl:
    cursor = owner.get("time")
    at_ingest = cursor is not None and cursor.text == "ingest"
    stated = cursor.get("unit") if cursor is not None else None
    time_unit = next((u for u in _UNITS if stated is not None and u == stated.text), None)
    if time_unit is None and not at_ingest:
        owner.findings.fill((*owner.steps, "time", "unit"), "ms")
    return TimeDecl(
        mode="ingest" if at_ingest else "event",
        unit=time_unit or "ms",
        lateness_us=duration(owner, "lateness", LATENESS, zero=True) or 0,
        idle_us=duration(owner, "idle", IDLE) or 0,
        span=cursor.key_span if cursor is not None else owner.key_span,
        path=f"{owner.path}.time",
    )


def _map_entry(cursor: Cursor) -> MapEntry | None:
    written = (cursor.text or "").strip()
    if not COLUMN.fullmatch(cursor.name) or not _PATH.fullmatch(written):
        cursor.say(
            "schema/bad-value",
            f'"{cursor.name}: {written}" does not map a field to a place in the JSON',
            suggestion="write a declared field and a dotted path, like outcome: result.status",
        )
        return None
    return MapEntry(field=cursor.name, steps=_steps(written), span=cursor.key_span, path=cursor.path)


def _steps(written: str) -> tuple[str, ...]:
    """The keys of a path; one in quotes may hold dots."""
    return tuple(key.strip('"') for key in _KEY.findall(written.removeprefix("$.")))


def _rate(cursor: Cursor | None) -> RateDecl | None:
    if cursor is None:
        return None
    normal = unit(cursor if cursor.text is not None else cursor.get("normal"), parse_rate)
    burst = unit(cursor.get("burst"), parse_burst)
    if normal is None:
        return None
    if burst is not None and burst[0].per_second < normal.per_second:
        cursor.say("schema/bad-value", "the burst is slower than the normal rate", suggestion="swap them")
    return RateDecl(
        normal=normal.per_second,
        burst=burst[0].per_second if burst is not None else None,
        burst_for=burst[1] if burst is not None else None,
        keys=_keys(cursor.get("keys")),
        skew=_skew(cursor.get("skew")),
        passes=tuple(_passes(cursor.get("passes"))),
        span=cursor.key_span,
        path=cursor.path,
    )


def _skew(cursor: Cursor | None) -> dict[str, float]:
    entries = cursor.entries() if cursor is not None else ()
    return {_columns(e.name): float(e.text) for e in entries if e.text is not None and _NUMBER.fullmatch(e.text)}


def _passes(cursor: Cursor | None) -> Iterator[PassDecl]:
    for entry in cursor.entries() if cursor is not None else ():
        share = unit(entry, parse_percentage)
        if share is not None:
            yield PassDecl(stream=Ref(name=entry.name, span=entry.key_span, path=entry.path), share=share)


def _columns(written: str) -> str:
    return ", ".join(part.strip() for part in written.split(","))


def _keys(cursor: Cursor | None) -> dict[str, int]:
    """Counts by column list, written `a, b` whatever blanks the document has."""
    counts = {}
    for entry in cursor.entries() if cursor is not None else ():
        if (entry.text or "").isdigit():
            counts[_columns(entry.name)] = int(entry.text or "0")
    return counts
