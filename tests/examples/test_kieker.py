"""Text logs of Kieker, made here: read, converted, and put together as traces by the documents of the example."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import orjson
import polars as pl
import pytest
from click.testing import CliRunner

from examples.kieker.__main__ import main
from examples.kieker.calls import ENTRY, edges
from examples.kieker.convert import events
from examples.kieker.log import read_log, split
from slac.compiler.compile import compile_paths
from slac.testing import Harness

FOLDER = Path(__file__).parents[2] / "examples/kieker"
FLOW = "kieker.common.record.flow.trace"
TYPES = {
    "0": "kieker.common.record.misc.KiekerMetadataRecord",
    "1": f"{FLOW}.TraceMetadata",
    "2": f"{FLOW}.operation.BeforeOperationEvent",
    "3": f"{FLOW}.operation.AfterOperationEvent",
    "4": f"{FLOW}.operation.AfterOperationFailedEvent",
    "5": "kieker.common.record.controlflow.OperationExecutionRecord",
}
START = 1_700_000_000_000_000_000


def log_of(folder: Path, lines: Iterable[str]) -> Path:
    """A log directory with these lines."""
    folder.mkdir()
    (folder / "kieker.map").write_text("".join(f"${n}={t}\n" for n, t in TYPES.items()), encoding="utf-8")
    text = "".join(f"{line}\n" for line in (f"$0;{START};1.10;made;here;1;false;0;NANOSECONDS;1", *lines))
    (folder / "kieker-20231114-000.dat").write_text(text, encoding="utf-8")
    return folder


def execution(trace: int, order: int, depth: int, operation: str, begin: int, end: int, host: str = "h1") -> str:
    """A line of an operation execution; times in ms from the start."""
    tin, tout = START + begin * 1_000_000, START + end * 1_000_000
    return f"$5;{tout};{operation};<no-session-id>;{trace};{tin};{tout};{host};{order};{depth}"


def operation(kind: str, trace: int, order: int, name: str, at: int) -> str:
    """A line of a before (2), after (3) or failed (4) event."""
    time = START + at * 1_000_000
    return f"${kind};{time};{time};{trace};{order};{name};shop.Class{';java.lang.Error' if kind == '4' else ''}"


def run(document: str, block: str, log: Path) -> Harness:
    """The document over the log, to its end."""
    (compiled,) = compile_paths([str(FOLDER / document)])
    assert compiled.plan is not None, compiled.diagnostics
    harness = Harness(compiled.plan)
    harness.give(block, b"".join(orjson.dumps(e, option=orjson.OPT_APPEND_NEWLINE) for e in events(read_log(log))))
    harness.end()
    return harness


def visit(trace: int, begin: int, host: str = "h1") -> list[str]:
    """A trace of four calls, told in the order of their ends."""
    return [
        execution(trace, 1, 1, "cart()", begin + 1, begin + 2, host),
        execution(trace, 3, 2, "pay()", begin + 4, begin + 5, host),
        execution(trace, 2, 1, "order()", begin + 3, begin + 6, host),
        execution(trace, 0, 0, "visit()", begin, begin + 8, host),
    ]


def test_executions_become_classes(tmp_path: Path) -> None:
    """Traces alike on one host are one class; another host, or another order of calls, is another class."""
    other = [execution(9, 1, 1, "pay()", 60, 61), execution(9, 0, 0, "visit()", 59, 62)]
    log = log_of(tmp_path / "log", [*visit(7, 0), *visit(8, 20), *visit(5, 40, "h2"), *other])

    harness = run("executions.yaml", "executions", log)

    rows = harness.made("classes").sort("representative").select("traces", "calls", "depth", "representative").rows()
    assert rows == [(1, 4, 2, 5), (2, 4, 2, 7), (1, 2, 1, 9)]
    assert not harness.made("broken").height


def test_a_trace_with_a_gap_is_told(tmp_path: Path) -> None:
    """It comes out of the valid ones' way, with the reason."""
    log = log_of(tmp_path / "log", [*visit(7, 0)[1:], *visit(8, 20)])

    broken = run("executions.yaml", "executions", log).made("broken")

    assert broken.select("trace_id", "reason", "root", "calls").rows() == [(7, "gap", "visit()", 3)]


def shop(trace: int) -> list[str]:
    """Events of one trace: a root, a call, and a call that fails with one inside."""
    return [
        f"$1;{START};{trace};1;<no-session-id>;h1;{trace};-1",
        operation("2", trace, 0, "main()", 0),
        operation("2", trace, 1, "cart()", 1),
        operation("3", trace, 2, "cart()", 2),
        operation("2", trace, 3, "order()", 3),
        operation("2", trace, 4, "pay()", 4),
        operation("4", trace, 5, "pay()", 5),
        operation("3", trace, 6, "order()", 6),
        operation("3", trace, 7, "main()", 7),
    ]


EDGES = {(ENTRY, "main()"): 1, ("main()", "cart()"): 1, ("main()", "order()"): 1, ("order()", "pay()"): 1}


@pytest.mark.parametrize(
    ("lines", "repaired"),
    [
        (shop(3), False),
        (shop(3)[:-1], True),
        (shop(3)[:-3], True),
        ([*shop(3)[:6], *shop(3)[7:]], True),
    ],
    ids=["whole", "root cut off", "three cut off", "an end missing inside"],
)
def test_events_become_calls(tmp_path: Path, lines: Sequence[str], *, repaired: bool) -> None:
    """A trace that is cut off, or misses an end, has the same calls as the whole one."""
    traces = run("events.yaml", "operations", log_of(tmp_path / "log", lines)).made("traces")

    assert traces.select("trace_id", "valid", "repaired", "calls", "depth").rows() == [(3, True, repaired, 4, 2)]
    assert edges(traces["operations"].to_list()) == EDGES


def test_a_repaired_trace_is_of_the_class_of_the_whole_one(tmp_path: Path) -> None:
    """Only what was called counts, not how it ended."""
    made = [
        run("events.yaml", "operations", log_of(tmp_path / f"log{n}", lines)).made("traces")
        for n, lines in enumerate((shop(3), shop(4)[:-2]))
    ]
    assert pl.concat(made)["class"].n_unique() == 1


def test_a_converted_log_is_ndjson(tmp_path: Path) -> None:
    """The host of an event is that of its trace's metadata."""
    out = tmp_path / "calls.ndjson"

    done = CliRunner().invoke(main, [str(log_of(tmp_path / "log", shop(3))), "--out", str(out)])

    assert done.exit_code == 0, done.output
    first = orjson.loads(out.read_bytes().splitlines()[0])
    assert first == {
        "timestamp": START,
        "payload": {"trace_id": 3, "order_index": 0, "kind": "before", "operation": "main()"},
        "context": {"host": "h1"},
    }


def test_a_line_that_is_cut_off_is_told_with_its_place(tmp_path: Path) -> None:
    """Not a traceback."""
    done = CliRunner().invoke(main, [str(log_of(tmp_path / "log", ["$99;x"]))])

    assert done.exit_code == 1
    assert "kieker-20231114-000.dat:2" in done.output


def test_fields_may_hold_what_separates_them() -> None:
    """A backslash keeps the next character."""
    assert split(r"$1;5;a\;b;c\\;;d") == ["$1", "5", "a;b", "c\\", "", "d"]
