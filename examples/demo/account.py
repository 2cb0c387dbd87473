"""The account at the end: every report with its time, what came in and what became of it, and use against budget."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from examples.demo.published import Alarm, Published, Report
from examples.demo.screen import told

MEGABYTE = 1_000_000


def print_account(console: Console, published: Published, directory: Path, mails: Iterable[str]) -> None:
    """Print everything; a runtime without a summary is told as such."""
    summaries = [_summary(directory / f"{node}.json") for node in ("edge", "central")]
    told_of = [s for s in summaries if s is not None]
    console.print(_history(published))
    console.print(_inputs(told_of))
    console.print(_usage(told_of))
    console.print(f"{len(list(mails))} mails were delivered to the operators.")


def _history(published: Published) -> Table:
    table = Table(
        "time (UTC)", "what was published", title="Every state change, report and alarm", title_justify="left"
    )
    items: list[Report | Alarm] = [*published.reports, *published.alarms]
    for item in sorted(items, key=lambda i: i.time):
        table.add_row(item.time.strftime("%H:%M:%S.%f")[:-3], told(item))
    return table


def _inputs(summaries: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("node", "input", "seen", "kept", "dropped", "quarantined", "late")
    table = Table(*columns, title="What came in, in events", title_justify="left")
    for summary in summaries:
        for name, counts in summary["inputs"].items():
            dropped = ", ".join(f"{n} {why}" for why, n in counts["dropped"].items()) or "0"
            numbers = (counts["seen"], counts["kept"], dropped, counts["quarantined"], counts["late"])
            table.add_row(summary["node"], name, *map(str, numbers))
    return table


def _usage(summaries: Sequence[Mapping[str, Any]]) -> Table:
    columns = ("node", "CPU mean", "CPU peak", "of", "memory peak", "of", "network peak", "of", "s over budget")
    table = Table(*columns, title="What was used of the budget", title_justify="left")
    for summary in summaries:
        usage = summary["usage"]
        budget = usage["budget"]
        network = budget["network_bits"]
        table.add_row(
            summary["node"],
            f"{usage['cpu_mean']:.3f} cores",
            f"{usage['cpu_peak']:.3f} cores",
            f"{budget['cpu_cores']:.2f} cores",
            f"{usage['memory_peak'] / MEGABYTE:.0f} MB",
            f"{budget['memory_bytes'] / MEGABYTE:.0f} MB",
            f"{usage['network_peak'] / 1000:.0f} kbit/s",
            "any" if network is None else f"{network / 1000:.0f} kbit/s",
            str(usage["over_budget"]),
        )
    return table


def _summary(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    summary: dict[str, Any] = orjson.loads(path.read_bytes())
    return summary
