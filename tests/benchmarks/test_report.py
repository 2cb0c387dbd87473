"""The form of the results: what tools read of them stays as it is."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec
from rich.console import Console

from benchmarks import BENCHMARKS, load
from benchmarks.report import Bar, Report, report, row, show, write

ROWS = (
    row("fast", 7.1234, "M events/s", peer="another", peer_value=3.5617, bar=Bar("over", 5.0)),
    row("slow", 2.0, "s", bar=Bar("under", 1.0)),
    row("told", 3.0, "s"),
    row("alone", 4.0, "x", bar=Bar("over", 1.5, of="ratio")),
)


def test_a_result_has_the_agreed_form(tmp_path: Path) -> None:
    """Name, machine, versions and rows; each row with all of its seven keys."""
    written = msgspec.json.decode(write(report("sample", ROWS), tmp_path).read_bytes())

    assert list(written) == ["name", "machine", "versions", "rows"]
    assert all(list(r) == ["name", "value", "unit", "peer", "ratio", "bar", "met"] for r in written["rows"])
    assert written["rows"][0] == {
        "name": "fast",
        "value": 7.12,
        "unit": "M events/s",
        "peer": "another",
        "ratio": 2.0,
        "bar": "> 5",
        "met": True,
    }
    assert [r["met"] for r in written["rows"]] == [True, False, None, False]


def test_a_machine_is_described_without_its_name(tmp_path: Path) -> None:
    """Cores, memory and model; neither host nor path."""
    machine = msgspec.json.decode(write(report("sample", ROWS), tmp_path).read_bytes())["machine"]

    assert set(machine) == {"cpu_cores", "memory_bytes", "cpu_model", "python", "polars"}


def test_a_table_shows_every_row() -> None:
    """Names, ratios and bars are all there."""
    out = io.StringIO()
    show(report("sample", ROWS), Console(file=out, width=120))

    assert all(text in out.getvalue() for text in ("fast", "slow", "told", "2 × another", "ratio > 1.5", "yes", "no"))


def test_every_benchmark_can_be_found() -> None:
    """The table of benchmarks names modules with a `run`."""
    assert all(callable(load(name)) for name in BENCHMARKS)


def test_results_in_the_repository_are_readable() -> None:
    """What was written once has the form still."""
    directory = Path(__file__).parents[2] / "benchmarks" / "results"
    reports = [msgspec.json.decode(path.read_bytes(), type=Report) for path in sorted(directory.glob("*.json"))]

    assert {r.name for r in reports} <= set(BENCHMARKS)
    assert all(r.rows for r in reports)
