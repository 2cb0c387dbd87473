"""A capacity report as tables for a terminal."""

from __future__ import annotations

from io import StringIO

from rich.console import Console
from rich.table import Table

from slac.cli.capacity_outlook import outlook_lines, outlook_tables
from slac.cli.quantities import plain_table
from slac.shedding.capacity.estimate import RESOURCES, amount, bound_of
from slac.shedding.capacity.report import BlockReport, CapacityReport, Excess, Need, NodeReport, Resource

WIDTH = 110
"""Columns of the tables, or as many as their words need: nothing is cut, in a terminal or in a pipe."""
_ENDLESS = 10_000
LOADS = {"normal": "the normal rate", "burst": "the burst rate"}


def capacity_text(report: CapacityReport) -> str:
    """The whole report: nodes, blocks, the highest rate, what does not hold, and what was assumed."""
    out = StringIO()
    console = Console(file=out, width=WIDTH, no_color=True, highlight=False)
    supposed = f", if {report.what_if}" if report.what_if else ""
    console.print(f"{report.document}: what it needs, before it runs{supposed}", style=None)
    for table in (_nodes(report), _blocks(report), *outlook_tables(report)):
        console.width = max(WIDTH, console.measure(table, options=console.options.update(width=_ENDLESS)).maximum)
        console.print(table)
    console.width = WIDTH
    for node in report.nodes:
        console.print(_limit(node), soft_wrap=True)
    console.print(_whole(report), soft_wrap=True)
    for line in outlook_lines(report):
        console.print(line, soft_wrap=True)
    for excess in report.excesses:
        console.print(excess_sentence(excess), soft_wrap=True)
    console.print(_assumptions(report), soft_wrap=True)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines()) + "\n"


def excess_sentence(excess: Excess) -> str:
    """A budget that does not hold, in one sentence."""
    need, budget = quantity(excess.need, excess.resource), quantity(excess.budget, excess.resource)
    most = "the runtime itself" if excess.block is None else excess.block
    return (
        f"DOES NOT FIT: {excess.node} needs {need} of {excess.resource} at {LOADS[excess.load]}, "
        f"and its budget is {budget}; most of it goes to {most}."
    )


def quantity(value: float, resource: Resource) -> str:
    """A number with its unit: cores, bytes or bits a second."""
    match resource:
        case "cpu":
            return f"{value:.3g} cores" if value >= 1e-4 or value == 0 else "<0.0001 cores"
        case "memory":
            return scaled(value, 1024.0, ("B", "KiB", "MiB", "GiB", "TiB"))
        case "network":
            return scaled(value, 1000.0, ("bit/s", "kbit/s", "Mbit/s", "Gbit/s"))


def scaled(value: float, step: float, units: tuple[str, ...]) -> str:
    """`value` in the largest unit that keeps it at one or more."""
    for unit in units[:-1]:
        if value < step:
            return f"{value:.3g} {unit}"
        value /= step
    return f"{value:.3g} {units[-1]}"


def _nodes(report: CapacityReport) -> Table:
    loads = ("normal", "burst") if report.has_burst else ("normal",)
    table = plain_table("node", "resource", "budget", *(h for name in loads for h in (name, "of budget")))
    for node in report.nodes:
        for resource in RESOURCES:
            table.add_row(*_node_row(node, resource, loads))
    for resource in RESOURCES if len(report.nodes) > 1 else ():
        needs = (report.whole.normal, report.whole.burst)[: len(loads)]
        cells = [c for need in needs for c in (quantity(amount(need, resource), resource), "-")]
        table.add_row("(document)", resource, "-", *cells)
    return table


def _node_row(node: NodeReport, resource: Resource, loads: tuple[str, ...]) -> list[str]:
    bound = bound_of(node.budget, resource)
    row = [node.node, resource, "-" if bound is None else quantity(bound, resource)]
    for name in loads:
        need = amount(node.normal if name == "normal" else node.burst, resource)
        row += [quantity(need, resource), "-" if not bound else f"{need / bound:.1%}"]
    return row


def _blocks(report: CapacityReport) -> Table:
    burst = ("CPU at burst",) if report.has_burst else ()
    table = plain_table(
        "node", "block", "rows/s in", "rows/s out", "CPU", *burst, "memory", "network", "holds", "timers"
    )
    for node in report.nodes:
        for block in report.blocks:
            if block.node == node.node:
                table.add_row(*_block_row(block, burst=report.has_burst))
        blocks = sum(b.burst.cpu_cores for b in report.blocks if b.node == node.node)
        at_burst = quantity(max(node.burst.cpu_cores - blocks, 0.0), "cpu")
        own = [_cpu(node.runtime), *([at_burst] if report.has_burst else [])]
        table.add_row(node.node, "(runtime)", "", "", *own, *_rest(node.runtime), "", "")
    return table


def _block_row(block: BlockReport, *, burst: bool) -> list[str]:
    cpu = [_cpu(block.normal), *([_cpu(block.burst)] if burst else [])]
    return [
        block.node,
        block.block,
        f"{block.rows_in:.4g}",
        f"{block.rows_out:.4g}",
        *cpu,
        *_rest(block.normal),
        *_held(block),
    ]


def _cpu(need: Need) -> str:
    return quantity(need.cpu_cores, "cpu")


def _rest(need: Need) -> tuple[str, str]:
    return quantity(need.memory_bytes, "memory"), quantity(need.network_bits, "network")


def _held(block: BlockReport) -> tuple[str, str]:
    return f"{block.holds:,.0f}" if block.holds else "", f"{block.timers:,.0f}" if block.timers else ""


def _limit(node: NodeReport) -> str:
    limit = node.limit
    if limit.factor is None or limit.rate is None:
        return f"{node.node}: no rate is too high, as far as the model looks."
    if limit.factor == 0:
        return f"{node.node}: no rate fits; {limit.resource} breaks first."
    most = "the runtime itself" if limit.block is None else limit.block
    return (
        f"{node.node}: up to {_count(limit.rate)} events/s fit ({_count(limit.factor)} × the normal rate); "
        f"{limit.resource} breaks first, most of it in {most}."
    )


def _whole(report: CapacityReport) -> str:
    whole = report.whole
    if whole.factor is None:
        return f"{report.document}: no rate is too high, as far as the model looks."
    return (
        f"{report.document}: all nodes hold up to {_count(whole.factor)} × the normal rates; {whole.node} breaks first."
    )


def _count(value: float) -> str:
    """A number in three digits, without an exponent."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _assumptions(report: CapacityReport) -> str:
    assumed = report.assumed
    machine = f"{assumed.machine.cpu_cores:g} cores, {quantity(assumed.machine.memory_bytes, 'memory')}"
    lines = [
        "Assumed:",
        f"- every node runs on a machine like this one ({machine}); budgets are shares of it",
        f"- costs as calibrated on {assumed.calibrated_on.cpu_model} with Polars {assumed.calibrated_on.polars}",
        f"- those costs fit what was measured to within {assumed.fit_error:.0%} on average",
    ]
    if assumed.calibrated_on != assumed.machine:
        lines.append("- that machine is not this one: `slac capacity calibrate` measures here")
    return "\n".join([*lines, *(f"- {note}" for note in assumed.notes)])
