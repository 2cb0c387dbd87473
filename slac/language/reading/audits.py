"""Audits: states, what silence means, and what a report carries."""

from __future__ import annotations

from typing import Final, get_args

from slac.language.document import AuditDecl, NoData, ReportBodyDecl, StateDecl
from slac.language.reading.cursor import Cursor, each
from slac.language.reading.shedding import shed
from slac.language.reading.streams import RETAIN
from slac.language.reading.terms import columns, duration, ref, refs, sql
from slac.language.reading.timing import after, flapping, lasting, schedules, stays

_NO_DATA: Final[tuple[NoData, ...]] = get_args(NoData)


def audit(cursor: Cursor) -> AuditDecl | None:
    """One audit; None where it does not say what it reads."""
    from_, by, initial = ref(cursor.get("from")), refs(cursor.get("by")), ref(cursor.get("initial"))
    states, report = each(cursor.get("states"), _state), each(cursor.get("report"), _report_body)
    no_data, retain_us = _no_data(cursor), duration(cursor, "retain", RETAIN)
    report_at, flaps = schedules(cursor.get("report_at")), flapping(cursor.get("flapping"))
    if from_ is None:
        return None
    return AuditDecl(
        name=cursor.name,
        from_=from_,
        by=by,
        states=states,
        initial=initial,
        no_data=no_data,
        report=report,
        retain_us=retain_us or 0,
        report_at=report_at,
        flapping=flaps,
        inhibit=ref(cursor.get("inhibit")),
        during=ref(cursor.get("during")),
        shed=shed(cursor),
        span=cursor.key_span,
        path=cursor.path,
    )


def _no_data(owner: Cursor) -> NoData:
    cursor = owner.get("no_data")
    if cursor is None:
        owner.findings.fill((*owner.steps, "no_data"), "hold")
        return "hold"
    return next((choice for choice in _NO_DATA if choice == cursor.text), "hold")


def _state(cursor: Cursor) -> StateDecl | None:
    when, verdict = sql(cursor.get("when")), cursor.get("verdict")
    report_every_us, backoff = stays(cursor)
    settle, follows = lasting(cursor.get("for")), after(cursor.get("after"))
    report_at = schedules(cursor.get("report_at"))
    if verdict is None or (when is None and cursor.get("when") is not None):
        return None
    follows_of = refs(cursor.get("follows"))
    if when is None and follows_of:
        cursor.say("schema/missing-key", '"follows" says from where `when` leads here, and there is no `when`')
    if when is None and settle is not None:
        cursor.say("schema/missing-key", '"for" says how long `when` must hold, and there is no `when`')
    return StateDecl(
        name=cursor.name,
        when=when,
        verdict="ok" if verdict.text == "ok" else "violated",
        report_every_us=report_every_us,
        backoff=backoff,
        report_at=report_at,
        lasting=settle,
        after=follows,
        follows=follows_of,
        span=cursor.key_span,
        path=cursor.path,
    )


def _report_body(cursor: Cursor) -> ReportBodyDecl | None:
    from_, by, select = ref(cursor.get("from")), refs(cursor.get("by")), columns(cursor.get("select"))
    if from_ is None:
        return None
    return ReportBodyDecl(name=cursor.name, from_=from_, by=by, select=select, span=cursor.key_span, path=cursor.path)
