"""How the engine benchmark compares with others: agreement first, absence told, one form; no time is looked at."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pytest

from benchmarks.engine import with_peers
from benchmarks.engine.cases import BYTEWAX, CASES, ESPER, Case, Form
from benchmarks.engine.events import INPUTS, input_file
from benchmarks.engine.subject import Subject
from benchmarks.peers import Absent, esper
from benchmarks.peers.process import Process
from benchmarks.report import Bar, Row
from slac.diagnostics import RunFailed

ROOT = Path(__file__).parents[2]
EVENTS = 3_000
FORM = Form(peer=ESPER, name="filter", bar=Bar("over", 1.0, "ratio"))


@dataclass(frozen=True)
class Fake:
    """A peer that is a script beside this test."""

    name: str = "Fake 1"
    version: str = "1"

    def command(self, form: str, *, step: int, span: int, inputs: Sequence[tuple[str, Path]]) -> list[str]:
        """The script knows one case."""
        files = [part for kind, path in inputs for part in (kind, str(path))]
        return [sys.executable, str(Path(__file__).with_name("fake_peer.py")), form, *files]


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache of the benchmarks is below the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def small(form: Form) -> Case:
    """The case `filter` with one peer."""
    return replace(CASES[0], events=EVENTS, peers=(form,))


def measured(form: Form, peer: Fake | Absent, monkeypatch: pytest.MonkeyPatch) -> Row:
    """The row of the small case."""
    monkeypatch.setattr(with_peers, "PEERS", {ESPER: lambda: peer})
    (row,) = with_peers.rows((small(form),))
    return row


def test_a_peer_that_agrees_has_a_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the bar is held against it."""
    row = measured(FORM, Fake(), monkeypatch)

    assert (row.name, row.peer, row.bar) == ("filter, columnar", "Fake 1", "ratio > 1")
    assert row.ratio is not None
    assert row.met is (row.ratio > 1)


def test_a_peer_that_says_something_else_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The benchmark fails, and names the case; where the peer follows the machine's clock, the row says it instead."""
    wrong = replace(FORM, name="wrong")
    with pytest.raises(RunFailed, match="filter, columnar, Fake 1"):
        measured(wrong, Fake(), monkeypatch)

    row = measured(replace(wrong, may_differ=True), Fake(), monkeypatch)
    assert row.peer is not None
    assert row.peer.startswith("Fake 1 (does not agree: slac says")
    assert (row.ratio, row.met) == (None, False)


def test_a_peer_that_is_absent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our side is measured all the same."""
    row = measured(FORM, Absent("Esper 9", "Java is not installed"), monkeypatch)

    assert row.peer == "Esper 9 (absent: Java is not installed)"
    assert (row.ratio, row.met) == (None, False)
    assert row.value > 0


def test_without_java_esper_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no word of it is an error."""
    monkeypatch.setattr("shutil.which", lambda _name: None)

    assert esper.install.__wrapped__() == Absent("Esper 9", "Java is not installed")


def test_a_process_that_ends_says_why() -> None:
    """What it wrote to its errors is in the message."""
    with Process([sys.executable, "-c", "raise SystemExit('no events')"]) as process, pytest.raises(RunFailed) as told:
        process.seconds()

    assert "no events" in str(told.value)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_our_side_has_the_columns_of_the_peers(case: Case) -> None:
    """Names and types, from few events."""
    rows = Subject(case, EVENTS).rows()

    assert dict(rows.schema) == {name: kind() for name, kind in case.schema.items()}


def test_every_form_of_esper_has_its_text() -> None:
    """And no text is without a form."""
    texts = {path.stem for path in (esper.SOURCE / "src/main/resources/epl").glob("*.epl")}

    assert texts == {form.name for case in CASES for form in case.peers if form.peer == ESPER}
    assert {form.peer for case in CASES for form in case.peers} == {ESPER, BYTEWAX}


@pytest.mark.parametrize("name", INPUTS)
def test_an_input_is_the_same_in_every_form(name: str, tmp_path: Path) -> None:
    """It is in the order of time, and no key comes twice at one instant."""
    frame = pl.read_ipc(input_file(name, EVENTS, "arrow", tmp_path))
    kept = frame.drop("region", strict=False)
    lines = pl.read_csv(input_file(name, EVENTS, "csv", tmp_path), has_header=False, schema=kept.schema)
    key = kept.columns[1:2] if name != "module_runs" else ["module", "test_case"]

    assert kept.equals(lines)
    assert frame["timestamp"].is_sorted()
    assert kept.n_unique(["timestamp", *key]) == kept.height
