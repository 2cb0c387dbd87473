"""Rows looked up in a table that changes, against a definition in plain Python, through the whole runtime."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.runtime.core import Core
from slac.runtime.tables.source import FIRST, TableSource
from slac.stream.batch import TIME
from slac.stream.ports import Records
from slac.testing.harness import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: d}
spec:
  events: {E: {payload: {k: string, x: int}}}
  inputs: {e: {adapter: file, path: e.ndjson, emits: E, time: {unit: us}, lateness: 1s}}
  tables: {t: {path: t.csv, columns: {k: string, most: "int?"}, key: k, reload: 1m}}
  computations:
    seen: {from: e, join: {l: {table: t, by: k}}, select: [k, x, {most: l.most}]}
  outputs: {log: {adapter: stdout, from: [seen]}}
"""
SECOND = 1_000_000
PLAN = compile_document(Source("d.yaml", DOCUMENT)).plan

Version = dict[str, int]
EVENTS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ab")), max_size=4)
VERSIONS = st.dictionaries(st.sampled_from("ab"), st.integers(0, 9), max_size=2)
STEPS = st.lists(st.one_of(st.tuples(st.just("rows"), EVENTS), st.tuples(st.just("table"), VERSIONS)), max_size=8)


def play(steps: Sequence[tuple[str, object]], first: Version, *, apart: bool, restarts: bool) -> Harness:
    """A step a second; rows come at their own times, together or one by one."""
    harness = Harness(PLAN, live=True)
    harness.table("t", [{"k": k, "most": v} for k, v in first.items()])
    for number, (kind, what) in enumerate(steps):
        if kind == "table":
            harness.table("t", [{"k": k, "most": v} for k, v in what.items()])  # type: ignore[attr-defined]
        else:
            rows = [
                {"timestamp": number * SECOND - back * SECOND // 5, "payload": {"k": k, "x": number}}
                for back, k in what  # type: ignore[attr-defined]
            ]
            for group in [[r] for r in rows] if apart else [rows]:
                harness.give("e", group)
        if restarts:
            harness.restart("all")
        harness.advance(SECOND)
    harness.advance(60 * SECOND)
    return harness


def definition(steps: Sequence[tuple[str, object]], first: Version) -> list[tuple[int, str, int | None]]:
    """Of each row the value of its key in the version that held at its time."""
    versions = [(FIRST, first)] + [(n * SECOND, v) for n, (kind, v) in enumerate(steps) if kind == "table"]
    found = []
    for number, (kind, what) in enumerate(steps):
        for back, k in what if kind == "rows" else ():  # type: ignore[attr-defined]
            at = number * SECOND - back * SECOND // 5
            held = [v for start, v in versions if start <= at][-1]
            found.append((at, k, held.get(k)))  # type: ignore[attr-defined]
    return sorted(found, key=repr)


@settings(max_examples=40, deadline=None)
@given(STEPS, VERSIONS)
def test_every_row_meets_the_version_of_its_time(steps: list[tuple[str, object]], first: Version) -> None:
    """In any slicing and with restarts at every step; a version holds from the instant at which it was read."""
    runs = [play(steps, first, apart=a, restarts=r).made("seen") for a, r in ((False, False), (True, True))]
    said = runs[0].select(pl.col(TIME).to_physical(), "k", "most").rows() if runs[0].height else []

    assert sorted(said, key=repr) == definition(steps, first)
    assert runs[0].equals(runs[1])


def core() -> Core:
    """The runtime before anything has come in."""
    return Core(PLAN, now=0, live=True)


def version(rows: dict[str, list[object]], arrival: int) -> Records:
    """A version of the table."""
    return Records(source="t", arrival=arrival, frame=pl.DataFrame(rows), origin="t.csv")


def test_rows_wait_for_the_first_version() -> None:
    """However late the table is read: no row is judged without it."""
    runtime = core()
    line = b'{"timestamp": 5, "payload": {"k": "a", "x": 1}}'
    runtime.on_records("e", [Records(source="e", arrival=5, ndjson=line)])
    assert runtime.on_tick(100 * SECOND) == []
    (published,) = runtime.on_records("t", [version({"k": ["a"], "most": [3]}, 200 * SECOND)])

    assert published.frame["most"].to_list() == [3]  # type: ignore[union-attr, index]


def test_a_table_holds_nobody_back() -> None:
    """A row comes out with the next one that passes it, not with the one after."""
    runtime = core()
    runtime.on_records("t", [version({"k": ["a"], "most": [3]}, 0)])
    said = []
    for n in (1, 3, 5):
        line = b'{"timestamp": %d, "payload": {"k": "a", "x": 1}}' % (n * SECOND)
        said.append(len(runtime.on_records("e", [Records(source="e", arrival=n * SECOND, ndjson=line)])))

    assert said == [0, 1, 1]


def test_without_a_first_version_nothing_is_said() -> None:
    """A table that could not be read ends without one: then the run fails, and no row is judged before it does."""
    runtime = Core(PLAN, now=0, live=False)
    line = b'{"timestamp": 5, "payload": {"k": "a", "x": 1}}'
    runtime.on_records("e", [Records(source="e", arrival=5, ndjson=line)])

    assert runtime.on_input_ended("t") == []
    assert runtime.on_input_ended("e") == []
    assert not runtime.finished


def test_only_changes_are_rows() -> None:
    """A version like the one before changes nothing; a key that is gone is NULL."""
    runtime = core()
    seen: list[tuple[str, pl.DataFrame]] = []
    runtime.flow.tap = lambda node, batch: seen.append((node, batch.frame))
    runtime.on_records("t", [version({"k": ["a", "b"], "most": [1, 2]}, 5)])
    runtime.on_records("t", [version({"k": ["b", "a"], "most": [2, 1]}, 6)])
    runtime.on_records("t", [version({"k": ["b"], "most": [9]}, 7)])

    assert [f.select(pl.col(TIME).to_physical(), "k", "most").rows() for _, f in seen] == [
        [(FIRST, "a", 1), (FIRST, "b", 2)],
        [(7, "b", 9), (7, "a", None)],
    ]
    assert runtime.versions == 2


def test_a_table_that_cannot_be_read_again_stays_as_it_was() -> None:
    """The failure is counted and told, and the old version holds."""
    runtime = core()
    runtime.on_records("t", [version({"k": ["a"], "most": [1]}, 5)])
    fault = Records(source="t", arrival=9, frame=pl.DataFrame(), origin="t.csv", fault="t.csv is gone")
    (refused,) = runtime.on_records("t", [fault])

    assert refused.reason == "t.csv is gone"  # type: ignore[union-attr]
    source = runtime.sources["t"]
    assert isinstance(source, TableSource)
    assert (source.failures, source.version) == (1, 1)


@pytest.mark.parametrize("ahead", [0, 500 * SECOND])
def test_a_change_never_comes_behind_what_was_said(ahead: int) -> None:
    """Where event time is ahead of the clock, a version holds from there on."""
    runtime = core()
    runtime.on_records("t", [version({"k": ["a"], "most": [1]}, 5)])
    line = b'{"timestamp": %d, "payload": {"k": "a", "x": 1}}' % (ahead + 10 * SECOND)
    runtime.on_records("e", [Records(source="e", arrival=10 * SECOND, ndjson=line)])
    seen: list[pl.DataFrame] = []
    runtime.flow.tap = lambda _, batch: seen.append(batch.frame)
    runtime.on_records("t", [version({"k": ["a"], "most": [2]}, 11 * SECOND)])

    assert seen[0][TIME].to_physical().to_list() == [max(11 * SECOND, ahead + 9 * SECOND)]


def test_every_node_that_looks_into_a_table_reads_it() -> None:
    """There is no link for it: edge and centre have the same rows."""
    placed = DOCUMENT.replace("from: [seen]", "from: [seen, high]").replace(
        "  outputs:", "    high: {from: seen, join: {l: {table: t, by: k}}, where: x > l.most}\n  outputs:"
    )
    placed += """
  placement:
    edge: {blocks: [e, seen], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000", address: "tcp://127.0.0.1:7000"}
"""
    harness = Harness(compile_document(Source("d.yaml", placed)).plan)
    harness.table("t", [{"k": "a", "most": 1}])
    harness.give("e", [{"timestamp": n, "payload": {"k": "a", "x": n}} for n in range(4)])
    harness.end()

    assert harness.published("seen")["most"].to_list() == [1, 1, 1, 1]
    assert harness.published("high")["x"].to_list() == [2, 3]


def test_sql_libraries_load_for_sql_tables_only() -> None:
    """Compiling a document with a table in a file does without them."""
    program = (
        "import sys; from slac.compiler import compile_document; from slac.diagnostics import Source; "
        "compile_document(Source('d.yaml', sys.argv[1])); sys.exit('sqlalchemy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program, DOCUMENT], check=False).returncode == 0
