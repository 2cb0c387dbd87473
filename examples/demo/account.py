"""The account at the end: every report with its time, what came in and what became of it, and use against budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from examples.demo.published import Alarm, Published, Report
from examples.demo.screen import told

MEGABYTE = 1_000_000


def print_account(console: Console, published: Published, directory: Path, mails: Sequence[str]) -> None:
    """Print everything; a runtime that left no summary has no rows."""
    summaries = [s for node in ("edge", "central") if (s := _summary(directory / f"{node}.json")) is not None]
    tables = {
        "Every state change, report and alarm": _history(published),
        "What came in, in events": _inputs(summaries),
        "What was used of the budget": _usage(summaries),
    }
    for title, table in tables.items():
        console.print(f"\n[bold]{title}[/bold]")
        console.print(table)
    console.print(f"\n{len(mails)} mails were delivered to the operators.")


def _history(published: Published) -> Table:
    table = _table("time (UTC)", "what was published")
    items: list[Report | Alarm] = [*published.reports, *published.alarms]
    for item in sorted(items, key=lambda i: i.time):
        table.add_row(item.time.strftime("%H:%M:%S.%f")[:-3], told(item))
    return table


def _inputs(summaries: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("node", "input", "seen", "kept", "dropped", "quarantined", "late")
    for summary in summaries:
        for name, counts in summary["inputs"].items():
            dropped = ", ".join(f"{n} {why}" for why, n in counts["dropped"].items()) or "0"
            numbers = (counts["seen"], counts["kept"], dropped, counts["quarantined"], counts["late"])
            table.add_row(summary["node"], name, *map(str, numbers))
    return table


def _usage(summaries: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("node", "of", "mean", "peak", "budget", "mean of budget")
    for summary in summaries:
        usage = summary["usage"]
        budget = usage["budget"]
        cpu = [f"{v:.3f} cores" for v in (usage["cpu_mean"], usage["cpu_peak"], budget["cpu_cores"])]
        table.add_row(summary["node"], "CPU", *cpu, _share(usage["cpu_mean"], budget["cpu_cores"]))
        memory = [f"{v / MEGABYTE:.0f} MB" for v in (usage["memory_peak"], budget["memory_bytes"])]
        table.add_row("", "memory", "", *memory, f"{_share(usage['memory_peak'], budget['memory_bytes'])} (peak)")
        network = [f"{v / 1000:.1f} kbit/s" for v in (usage["network_mean"], usage["network_peak"])]
        bound = budget["network_bits"]
        of = (f"{bound / 1000:.0f} kbit/s", _share(usage["network_mean"], bound)) if bound else ("any", "")
        table.add_row("", "network", *network, *of)
    return table


def _table(*columns: str) -> Table:
    return Table(*columns, box=SIMPLE_HEAD, pad_edge=False)


def _share(amount: float, whole: float) -> str:
    return f"{100 * amount / whole:.1f} %"


def _summary(path: Path) -> dict[str, Any] | None:
    if not path.exists():
        return None
    summary: dict[str, Any] = orjson.loads(path.read_bytes())
    return summary
