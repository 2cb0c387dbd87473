"""What is written to a log is read back, in order; what is damaged is named, and the rest is read."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import polars as pl
import pytest

from slac.compiler import compile_document
from slac.compiler.draft import CompileOptions
from slac.diagnostics import RunFailed, Source, UsageError
from slac.evidence.log import (
    Entered,
    Entry,
    EntryKind,
    LogDirectory,
    LogWriter,
    Marked,
    Ran,
    RunBegan,
    of_one_plan,
    open_logs,
    steps,
)
from slac.evidence.log.layout import segment_path
from slac.evidence.log.segment import Content
from slac.evidence.log.writer import RunHead
from slac.plan.graph import Plan
from slac.stream.batch import ID, TIME, TIME_TYPE, WEIGHT, Batch

DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Check: {payload: {ok: bool}, context: {service: string}}}
  inputs: {checks: {adapter: http, listen: "127.0.0.1:8090", emits: Check}}
  violations: {bad: {from: checks, where: NOT ok, by: service}}
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    """One input, one violation."""
    return compile_document(Source("shop.yaml", DOCUMENT), CompileOptions(collapse=True)).plan


@pytest.fixture
def writer(tmp_path: Path, plan: Plan) -> Iterator[LogWriter]:
    """A log of one run."""
    made = begin(tmp_path, plan)
    yield made
    made.close()


def begin(place: Path, plan: Plan, max_size: int = 1 << 20) -> LogWriter:
    """One more run."""
    head = RunHead(node="all", instance="here", mode="full", live=False, start=None)
    return LogWriter(place / "shop.all.here", plan, head, max_size=max_size, now=7)


def checks(first: int, count: int, **more: pl.Series) -> Batch:
    """Rows of the input."""
    ids = range(first, first + count)
    return Batch(
        pl.DataFrame(
            {
                TIME: pl.Series([i * 1000 for i in ids], dtype=pl.Int64).cast(TIME_TYPE),
                ID: pl.Series(list(ids), dtype=pl.UInt64),
                "ok": [i % 3 > 0 for i in ids],
                "service": [f"s{i % 2}" for i in ids],
                **more,
            }
        )
    )


def put(writer: LogWriter, *batches: Batch) -> None:
    """Rows that come in, a watermark, and the wave that carries them."""
    seq = writer.next_seq
    content = Content()
    for number, batch in enumerate(batches):
        content.entries.append(Entry(seq + number, EntryKind.ENTER, "checks", batch.height, batch.late))
        content.rows.setdefault("checks", []).append((seq + number, batch))
    seq += len(batches)
    content.entries += [Entry(seq, EntryKind.MARK, "checks", 99), Entry(seq + 1, EntryKind.RUN)]
    writer.write(content, now=8)


def read(place: Path) -> LogDirectory:
    """The log."""
    return LogDirectory(place / "shop.all.here")


def test_steps_come_back_in_order(tmp_path: Path, writer: LogWriter) -> None:
    """Rows as they came, late or not, with the meta columns that they had and no others."""
    weighted = checks(5, 2, **{WEIGHT: pl.Series([1, 2], dtype=pl.UInt64)})
    late = Batch(checks(9, 1).frame, late=True)
    put(writer, checks(0, 3), weighted, late)
    put(writer)
    found = list(steps(read(tmp_path)))

    assert [type(s) for s in found] == [RunBegan, Entered, Entered, Entered, Marked, Ran, Marked, Ran]
    came = [s.batch for s in found if isinstance(s, Entered)]
    assert all(b is not None for b in came)
    for got, expected in zip(came, (checks(0, 3), weighted, late), strict=True):
        assert got is not None
        assert got.late == expected.late
        assert got.frame.equals(expected.frame.select(got.frame.columns))


def test_rows_are_read_by_polars_and_duckdb(tmp_path: Path, writer: LogWriter) -> None:
    """With one pattern for all files of a node."""
    put(writer, checks(0, 3))
    put(writer, checks(3, 4))
    pattern = f"{tmp_path}/*/*/checks/rows.*.parquet"

    assert pl.scan_parquet(pattern).select(pl.len()).collect().item() == 7
    counted = duckdb.sql(f"SELECT COUNT(*) FILTER (WHERE ok) FROM '{pattern}'")
    assert counted is not None
    assert counted.fetchall() == [(4,)]


def test_small_files_become_one(tmp_path: Path, plan: Plan) -> None:
    """When a segment is closed."""
    writer = begin(tmp_path, plan)
    for first in range(0, 50, 5):
        put(writer, checks(first, 5))
    writer.close()
    log = read(tmp_path)

    assert len([p for p in log.segments[0].parts if p.kind == "rows"]) == 1
    assert log.rows("checks")[ID].to_list() == list(range(50))
    assert not log.check()


def test_the_bound_is_kept(tmp_path: Path, plan: Plan) -> None:
    """Never more than the bound and one segment; what is left is the newest."""
    bound = 200_000
    writer = begin(tmp_path, plan, max_size=bound)
    largest = 0
    for first in range(0, 200_000, 2_000):
        put(writer, checks(first, 2_000))
        segments = [sum(f.stat().st_size for f in s.rglob("*")) for s in (tmp_path / "shop.all.here").iterdir()]
        largest = max(largest, sum(segments))
    writer.close()

    assert largest <= bound + bound // 4
    assert read(tmp_path).rows("checks")[ID].to_list()[-1] == 199_999


def test_rows_of_a_time(tmp_path: Path, writer: LogWriter) -> None:
    """Only what lies between two instants."""
    put(writer, checks(0, 10))

    assert read(tmp_path).rows("checks", low=3000, high=5000)[ID].to_list() == [3, 4, 5]


def test_two_runs_do_not_log_to_one_place(tmp_path: Path, plan: Plan, writer: LogWriter) -> None:
    """The second is told so."""
    with pytest.raises(RunFailed, match="another run logs to"):
        begin(tmp_path, plan)


def test_a_second_run_goes_on_with_higher_numbers(tmp_path: Path, plan: Plan) -> None:
    """And is told apart."""
    for _ in range(2):
        writer = begin(tmp_path, plan)
        put(writer, checks(0, 2))
        writer.close()
    log = read(tmp_path)

    assert [s.header.run for s in log.segments] == [1, 2]
    assert log.order()["_seq"].is_sorted()
    assert sum(isinstance(s, RunBegan) for s in steps(log)) == 2


def test_a_truncated_file_is_named(tmp_path: Path, writer: LogWriter) -> None:
    """The others are read."""
    put(writer, checks(0, 3))
    put(writer, checks(3, 3))
    path = next((tmp_path / "shop.all.here").rglob("rows.000001.parquet"))
    path.write_bytes(path.read_bytes()[:-20])
    log = read(tmp_path)

    assert log.rows("checks")[ID].to_list() == [3, 4, 5]
    assert "3 rows of checks" in str(log.damage[0])
    entered = [s for s in steps(log) if isinstance(s, Entered)]
    assert [(s.batch is None, s.rows) for s in entered] == [(True, 3), (False, 3)]


def test_a_changed_byte_is_noticed(tmp_path: Path, writer: LogWriter) -> None:
    """Compressed bytes would else be read as other values."""
    put(writer, checks(0, 3))
    path = next((tmp_path / "shop.all.here").rglob("rows.*.parquet"))
    data = bytearray(path.read_bytes())
    data[40] ^= 1
    path.write_bytes(data)

    assert "not those that were written" in str(read(tmp_path).check()[0])


def test_a_missing_segment_is_named(tmp_path: Path, plan: Plan) -> None:
    """What is before and behind it is read."""
    for _ in range(3):
        writer = begin(tmp_path, plan)
        put(writer, checks(0, 2))
        writer.close()
    segment = segment_path(tmp_path / "shop.all.here", 2)
    segment.rename(tmp_path / "elsewhere")
    log = read(tmp_path)

    assert [str(d).split(": ")[1] for d in log.damage] == ["1 segment before it is missing"]
    assert log.rows("checks").height == 4


def test_a_torn_account_is_read_as_far_as_it_goes(tmp_path: Path, writer: LogWriter) -> None:
    """As a crash leaves it; what is there without a line is named, with its rows."""
    put(writer, checks(0, 3))
    put(writer, checks(3, 3))
    account = next((tmp_path / "shop.all.here").rglob("parts.ndjson"))
    account.write_bytes(account.read_bytes()[:-30])

    assert read(tmp_path).rows("checks").height == 6
    assert [d.what[:40] for d in read(tmp_path).damage] == ["a file has no line in parts.ndjson (as a"]
    account.write_bytes(b"")
    assert sum(d.rows for d in read(tmp_path).damage if d.node == "checks") == 6


def test_small_files_that_became_one_are_not_missed(tmp_path: Path, writer: LogWriter) -> None:
    """A crash while a segment was closed leaves both: nothing is lost."""
    for second in range(0, 9, 3):
        put(writer, checks(second, 3))
    segment = segment_path(writer.place, 1)
    small = next(segment.rglob("rows.000002.parquet"))
    kept = small.read_bytes()
    writer.close()
    small.write_bytes(kept)

    assert read(tmp_path).damage == []
    assert read(tmp_path).rows("checks").height == 9


def test_strangers_are_left_out(tmp_path: Path, plan: Plan) -> None:
    """A segment of another runtime, and one that is here twice: named, and the rest is read."""
    writer = begin(tmp_path, plan)
    put(writer, checks(0, 2))
    writer.close()
    own = segment_path(writer.place, 1)
    shutil.copytree(own, segment_path(writer.place, 2))
    foreign = shutil.copytree(own, segment_path(writer.place, 3))
    header = foreign / "segment.json"
    header.write_text(header.read_text().replace('"instance": "here"', '"instance": "there"'))
    log = read(tmp_path)

    assert log.rows("checks").height == 2
    told = [d.what for d in log.damage]
    assert "is segment 1 a second time, and is left out" in told
    assert "belongs to shop on all/there, and is left out" in told


def test_a_segment_that_has_lost_its_header_is_named(tmp_path: Path, writer: LogWriter) -> None:
    """It is not taken for no log at all."""
    put(writer, checks(0, 3))
    (segment_path(writer.place, 1) / "segment.json").unlink()

    with pytest.raises(UsageError, match="has no header"):
        open_logs([tmp_path])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"format": 3}', "format 3; this slac reads formats 1 and 2"),
        ("{}", "not the header of a log"),
        ("x", "not the header"),
    ],
)
def test_another_format_is_refused(tmp_path: Path, writer: LogWriter, text: str, told: str) -> None:
    """By its version, never misread."""
    (segment_path(writer.place, 1) / "segment.json").write_text(text)

    with pytest.raises(UsageError, match=told):
        read(tmp_path)


def test_what_is_no_log_is_said(tmp_path: Path) -> None:
    """With what to do."""
    with pytest.raises(UsageError, match="there is no log in"):
        open_logs([tmp_path / "nowhere"])


def test_what_an_older_document_logged_is_apart(tmp_path: Path, plan: Plan) -> None:
    """Rows of one meaning are never taken for those of another."""
    older = compile_document(Source("shop.yaml", DOCUMENT.replace("NOT ok", "ok")), CompileOptions(collapse=True)).plan
    for number, chosen in enumerate((older, plan)):
        writer = begin(tmp_path, chosen)
        put(writer, checks(10 * number, 2 + number))
        writer.close()
    ((newer,), (old,)) = of_one_plan([read(tmp_path)])

    assert newer.plan == plan
    assert old.plan == older
    assert newer.rows("checks")[ID].to_list() == [10, 11, 12]
    assert old.rows("checks")[ID].to_list() == [0, 1]
