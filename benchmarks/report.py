"""What every benchmark answers with: rows of one form, as a table for people and as JSON for machines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import msgspec
from rich.console import Console
from rich.table import Table

from slac.shedding.machine import Machine, read_machine

RESULTS: Final = Path(__file__).parent / "results"
LIBRARIES: Final = ("slac", "polars", "numpy", "msgspec", "pyzmq")


class Bar(msgspec.Struct, frozen=True):
    """What is to be reached: `of` (the value, or its ratio to the peer) must be `than` the limit."""

    than: Literal["over", "under"]
    limit: float
    of: Literal["value", "ratio"] = "value"

    def holds(self, value: float, ratio: float | None) -> bool:
        """Whether it is reached; a ratio to an absent peer reaches nothing."""
        measured = value if self.of == "value" else ratio
        if measured is None:
            return False
        return measured > self.limit if self.than == "over" else measured < self.limit

    def __str__(self) -> str:
        """`> 5`, or `ratio > 2.5`."""
        sign = ">" if self.than == "over" else "<"
        return f"{'ratio ' if self.of == 'ratio' else ''}{sign} {self.limit:g}"


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One measured number: median `value` in `unit`; `ratio` is it over the same number of `peer` (a name).

    `peer` and `ratio` are None where nothing is compared, `bar` and `met` where nothing is demanded.
    """

    name: str
    value: float
    unit: str
    peer: str | None = None
    ratio: float | None = None
    bar: str | None = None
    met: bool | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one benchmark, with the machine and the versions that they were measured on."""

    name: str
    machine: Machine
    versions: dict[str, str]
    rows: tuple[Row, ...]


def row(
    name: str,
    value: float,
    unit: str,
    *,
    peer: str | None = None,
    peer_value: float | None = None,
    bar: Bar | None = None,
) -> Row:
    """A row, with its ratio and verdict worked out."""
    ratio = value / peer_value if peer_value else None
    return Row(
        name=name,
        value=_rounded(value),
        unit=unit,
        peer=peer,
        ratio=None if ratio is None else _rounded(ratio),
        bar=None if bar is None else str(bar),
        met=None if bar is None else bar.holds(value, ratio),
    )


def report(name: str, rows: Sequence[Row], versions: Mapping[str, str] | None = None) -> Report:
    """The report of a benchmark on this machine; `versions` of peers beside those of the libraries."""
    told = {library: version(library) for library in LIBRARIES} | dict(versions or {})
    return Report(name=name, machine=read_machine(), versions=told, rows=tuple(rows))


def write(made: Report, directory: Path = RESULTS) -> Path:
    """Write `NAME.json`."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{made.name}.json"
    path.write_bytes(to_json(made) + b"\n")
    return path


def to_json(made: Report) -> bytes:
    """The report as JSON, indented."""
    return msgspec.json.format(msgspec.json.encode(made), indent=2)


def show(made: Report, console: Console) -> None:
    """Print the report as a table."""
    table = Table(title=made.name, title_justify="left", title_style="bold")
    for heading, justify in (("what", "left"), ("measured", "right"), ("unit", "left"), ("against", "right")):
        table.add_column(heading, justify=justify)  # type: ignore[arg-type]
    table.add_column("bar", justify="right")
    table.add_column("met")
    for each in made.rows:
        against = "" if each.ratio is None else f"{each.ratio:g} × {each.peer}"
        met = {None: "", True: "[green]yes[/]", False: "[red]no[/]"}[each.met]
        table.add_row(each.name, f"{each.value:g}", each.unit, against, each.bar or "", met)
    console.print(table)


def _rounded(value: float) -> float:
    """Three significant digits: no benchmark here is more repeatable than that."""
    return float(f"{value:.3g}")
