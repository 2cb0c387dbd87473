"""What a capacity report says beyond needs: how soon things are told, bursts, shed contracts, what would hold more."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table

from slac.cli.quantities import lasting, plain_table
from slac.shedding.capacity.report import Backlog, CapacityReport, Growth, Prospect, Published

__all__ = ["outlook_lines", "outlook_tables"]


def outlook_tables(report: CapacityReport) -> Iterator[Table]:
    """Tables that have rows at all."""
    if report.published:
        yield _published(report)
    if report.prospects:
        yield _prospects(report.prospects)


def outlook_lines(report: CapacityReport) -> Iterator[str]:
    """A sentence for each burst, for what holds more load, and for keys that are uneven."""
    for node in report.nodes:
        if node.backlog is not None:
            yield _backlog(node.node, node.backlog)
    yield from _growths([g for g in report.growths if g.instances])
    for block in report.blocks:
        if block.largest_key is not None:
            most = max(int(1 / block.largest_key), 1)
            yield (
                f"{block.block}: one key has {block.largest_key:.1%} of its rows; "
                f"divided by key, more than {most} instances would not help."
            )


def _published(report: CapacityReport) -> Table:
    burst = ("at burst",) if report.has_burst else ()
    table = plain_table("published", "told after", "window", "held for", "in all", *burst)
    for each in report.published:
        table.add_row(*_row(each, burst=report.has_burst))
    return table


def _row(each: Published, *, burst: bool) -> list[str]:
    told = each.normal
    row = [each.block, *map(lasting, (told.after, told.window, told.settles, told.total))]
    return [*row, *([lasting(each.burst.total)] if burst else [])]


def _prospects(prospects: tuple[Prospect, ...]) -> Table:
    table = plain_table("shed contract of", "contract", "load", "admitted", "error expected", "guaranteed", "kept")
    for each in prospects:
        table.add_row(
            f"{each.block} ({each.input})",
            each.contract,
            f"{each.load:g} ×",
            f"{each.admitted:.1%}",
            *_errors(each),
            "yes" if each.holds else "no",
        )
    return table


def _errors(each: Prospect) -> tuple[str, str]:
    if each.disk_lasts is not None:
        return f"none; disk full in {lasting(each.disk_lasts)}", "-"
    if each.waits:
        return "none; the rest waits with its sender", "-"
    if each.evaluated < 1.0:
        return f"none in the {each.evaluated:.1%} evaluated", "-"
    return f"{each.error:.2%} ({each.confidence:.0%})", f"{each.bound:.2%}"


def _backlog(node: str, backlog: Backlog) -> str:
    lasts = lasting(backlog.lasts)
    if not backlog.rows:
        return f"{node}: a burst of {lasts} is worked off as it comes."
    delay = "for ever" if backlog.delay is None else f"for up to {lasting(backlog.delay)}"
    drains = "never drains at the normal rate"
    if backlog.drains is not None:
        drains = f"is worked off {lasting(backlog.drains)} after it"
    return f"{node}: a burst of {lasts} heaps up {backlog.rows:,.0f} events, which wait {delay}; that {drains}."


def _growths(growths: list[Growth]) -> Iterator[str]:
    if growths and all(count == 1 for g in growths for count in g.instances.values()):
        yield f"One runtime of each node that reads inputs holds {growths[-1].load:g} × the load."
        return
    yield from map(_growth, growths)


def _growth(growth: Growth) -> str:
    parts = [f"{count or 'no number of'} × {node}" for node, count in growth.instances.items()]
    levels = ""
    if growth.levels == 0:
        levels = ", and no levels of merging help the node behind"
    elif growth.levels is not None and growth.levels > 1:
        levels = f" in {growth.levels} levels"
    return f"{growth.load:g} × the load takes {' and '.join(parts)}{levels}."
