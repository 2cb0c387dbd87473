"""What is dropped unread by class: the same rows whatever can be told before, in any form, and without bias."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.adapters.decoding import find_lines
from slac.runtime.core import Core
from slac.runtime.gates.hoisted import Hoisted
from slac.shedding.admission import OPEN, Admission, weight_of
from slac.stream.batch import WEIGHT_ONE
from slac.stream.ports import Records
from tests.runtime.gates.documents import SECOND, START, TEXT, plan_of, records, requests, source_of

EVENTS = requests(3_000, services=5, failing=0.05)
PLAN = plan_of()
FAILING = Admission(unread=weight_of(0.1), hoisted={1: WEIGHT_ONE, 3: WEIGHT_ONE})
"""Of the failing ones, whether they are slow or not."""
NAMED = TEXT.replace("NOT ok", "service IN ('s1', 's2')")


def columns(events: list[dict[str, Any]], size: int) -> list[Records]:
    """The events as columns."""
    flat = pl.DataFrame([{"timestamp": e["timestamp"], **e["payload"]} for e in events])
    return [
        Records(source="web-1", arrival=START + 200 * SECOND, frame=flat[i : i + size])
        for i in range(0, flat.height, size)
    ]


def spaced(events: list[dict[str, Any]], size: int) -> list[Records]:
    """Lines that another writer made: `false` in other fields too, and other spaces."""
    lines = [json.dumps({**e, "retried": False}, separators=(" , ", "  :  ")).encode() + b"\n" for e in events]
    return [
        Records(source="web-1", arrival=START + 200 * SECOND, ndjson=b"".join(lines[i : i + size]))
        for i in range(0, len(lines), size)
    ]


def run(pieces: list[Records], admission: Admission = FAILING, text: str = TEXT, *, restart: bool = False) -> Any:
    """The gate's counts, and the rows of the window."""
    core, rows = Core(plan_of(text=text), now=START, live=False), list[pl.DataFrame]()
    core.sources["requests"].gate.set_admission(0.5, "cpu", {}, admission=admission)
    for piece in pieces:
        core.flow.tap = lambda n, b: rows.append(b.frame) if n == "health" else None
        core.on_records("requests", [piece])
        if restart:
            state, core = core.snapshot(), Core(plan_of(text=text), now=START, live=False)
            core.restore(state, START)
    core.flow.tap = lambda n, b: rows.append(b.frame) if n == "health" else None
    core.on_input_ended("requests")
    return core.sources["requests"].gate.counts, pl.concat(rows, how="diagonal").sort("service", "_time")


@settings(max_examples=4, deadline=None)
@given(size=st.integers(100, 1_500), restart=st.booleans())
def test_forms_slices_and_restarts_change_nothing(*, size: int, restart: bool) -> None:
    """Lines, columns, and lines of which less can be told let the same events pass with the same weights."""
    counts, rows = run(records(EVENTS, 1_000))
    for pieces in (records(EVENTS, size), columns(EVENTS, size), spaced(EVENTS, size)):
        other, again = run(pieces, restart=restart)
        assert again.equals(rows)
        assert (other.kept, other.seen) == (counts.kept, counts.seen)


def test_only_what_can_be_told_is_decoded() -> None:
    """Of others as many as pass; where it cannot be told, all that may be of the class are decoded, then dropped."""
    counts, _ = run(records(EVENTS, 1_000))
    assert counts.read == counts.kept < 0.2 * counts.seen
    counts, _ = run(spaced(EVENTS, 1_000))
    assert counts.read == counts.seen > counts.kept


def test_all_of_a_class_is_kept() -> None:
    """Its counts are exact, those of all are estimates around the truth, and nobody takes these for exact."""
    _, true = run(records(EVENTS, 1_000), OPEN)
    _, rows = run(records(EVENTS, 1_000))
    assert rows["failed"].equals(true["failed"])
    assert rows["n"].sum() == pytest.approx(true["n"].sum(), rel=0.1)
    bounds = rows["_bounds"].struct.unnest()
    assert ((bounds["n_low"] <= true["n"]) & (true["n"] <= bounds["n_high"])).mean() > 0.8


def test_texts_and_late_rows() -> None:
    """A class that a text tells; what comes late is chosen by its class as well."""
    counts, rows = run(records(EVENTS, 500), text=NAMED)
    assert rows.filter(pl.col("service").is_in(["s1", "s2"]))["_kept"].equals(
        run(records(EVENTS, 500), OPEN, NAMED)[1].filter(pl.col("service").is_in(["s1", "s2"]))["_kept"]
    )
    assert counts.kept < counts.seen
    late = [*records(EVENTS[1_500:], 1_500), *records(EVENTS[:1_500], 1_500)]
    turned = [*columns(EVENTS[1_500:], 1_500), *columns(EVENTS[:1_500], 1_500)]
    assert run(late)[1].equals(run(turned)[1])


VALUES = st.fixed_dictionaries(
    {"service": st.text(max_size=4) | st.sampled_from(["s1", "s2", 's"1']), "ok": st.booleans()},
    optional={"note": st.text(max_size=3), "more": st.booleans() | st.none()},
)


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(VALUES, min_size=1, max_size=8), ascii_only=st.booleans(), wide=st.booleans())
def test_no_event_of_a_class_is_missed(rows: list[dict[str, Any]], *, ascii_only: bool, wide: bool) -> None:
    """However JSON is written: what is of a class is among what may be."""
    separators = (" , ", " : ") if wide else (",", ":")
    lines = [json.dumps({"payload": r}, ensure_ascii=ascii_only, separators=separators).encode() for r in rows]
    data = b"\n".join(lines) + b"\n"
    taken = Records(source="a", arrival=0, ndjson=data)
    failed, named = [not r["ok"] for r in rows], [r["service"] in ("s1", "s2") for r in rows]
    for text, is_of in ((TEXT, failed), (NAMED, named)):
        hoisted = Hoisted(source_of(plan_of(text=text)))
        assert hoisted.told == (0,)
        may = hoisted.among(taken, find_lines(data))(1)
        assert may is not None
        assert not (np.array(is_of) & ~may).any()


def test_short_texts_among_escapes() -> None:
    """Values of no or few characters are found at every place, and of a line with an escape nothing is known."""
    text = TEXT.replace("NOT ok", "service IN ('', 'a')")
    services = ["", "a", "b", "ab", 'x"a', "\\"]
    data = b"\n".join(json.dumps({"service": s, "note": "b" * n}).encode() for n, s in enumerate(services, 1))
    may = Hoisted(source_of(plan_of(text=text))).among(Records(source="x", arrival=0, ndjson=data), find_lines(data))(1)
    assert may is not None
    assert may.tolist() == [True, True, False, False, True, True]


def test_what_cannot_be_told() -> None:
    """Numbers, columns of another type or that are not there, and ids that are made of the content."""
    assert Hoisted(source_of(PLAN)).told == (0,)
    assert Hoisted(source_of(plan_of(text=TEXT.replace("NOT ok", "latency > 200")))).told == ()
    assert Hoisted(msgspec.structs.replace(source_of(PLAN), natural_id=("service", "latency"))).told == ()
    may = Hoisted(source_of(PLAN)).among(Records(source="a", arrival=0, frame=pl.DataFrame({"ok": ["x"]})), None)
    assert may(1) is None
    assert may(0) is None
