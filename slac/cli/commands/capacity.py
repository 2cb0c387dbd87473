"""`slac capacity`: what documents will need before they run, and what this machine's operators cost."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from slac.cli.calibrated import own_calibration
from slac.cli.console import put, say
from slac.cli.documents import compile_for_command, takes_documents
from slac.cli.launch import THREADS
from slac.diagnostics import DoesNotFit, UsageError

if TYPE_CHECKING:
    from slac.plan.graph import Plan
    from slac.shedding.capacity.calibration import Calibration

ADVICE = "Lower the rate, raise the budget, move blocks to another node, or accept that the gate drops what exceeds it."


@click.group()
def capacity() -> None:
    """Say what documents will need before they run."""


@capacity.command("report")
@takes_documents
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--calibration", type=click.Path(path_type=Path), help="Costs from this file instead of the user's own.")
@click.option(
    "--what-if",
    "supposed",
    multiple=True,
    metavar="WORD=VALUE,…",
    help="Another report for another load, such as rate=2x,keys.user=1000,instances.edge=4; may be given again.",
)
@click.option(
    "--measured",
    is_flag=False,
    flag_value=".",
    metavar="[NODE|DIR|FILE|ADDRESS]",
    help="What runtimes have measured, beside the prediction for the load that they had.",
)
def report_(
    paths: tuple[str, ...],
    assignments: tuple[str, ...],
    form: str,
    calibration: Path | None,
    supposed: tuple[str, ...],
    measured: str | None,
) -> None:
    """Predict CPU, memory, network and delay of documents at their declared rates, and the highest rate that fits.

    DOCUMENT is a file, a folder, a pattern, or - for standard input; ./sla.yaml where none is named. Exit code 3 when
    a budget does not hold at the normal or the burst rate.
    """
    import msgspec

    from slac.cli.capacity_text import capacity_text
    from slac.shedding.capacity.estimate import report
    from slac.shedding.capacity.what_if import Supposed, suppose
    from slac.shedding.machine import read_machine

    costs, machine = _costs(calibration), read_machine()
    plans = [c.plan for c in compile_for_command(paths, assignments)]
    if measured is not None:
        _compared(plans, measured, costs, form)
        return
    cases = [] if supposed else [Supposed(text="", plan=plan) for plan in plans]
    cases += [suppose(plan, text) for plan in plans for text in supposed]
    reports = [report(c.plan, costs, machine, instances=c.instances, what_if=c.text or None) for c in cases]
    if form == "json":
        put(msgspec.json.format(msgspec.json.encode(reports), indent=2).decode() + "\n")
    else:
        put("\n".join(capacity_text(r) for r in reports))
    failing = list(dict.fromkeys(r.document for r in reports if not r.fits))
    if failing:
        raise DoesNotFit(f"the budget does not hold for {', '.join(failing)}. {ADVICE}")


def _compared(plans: Sequence[Plan], where: str, costs: Calibration, form: str) -> None:
    """Every runtime that was measured, beside what the model says of the plan that it runs."""
    import msgspec

    from slac.cli.capacity_measured import compared_text, matching, measurements
    from slac.shedding.capacity.compare import compare

    all_of_them = measurements(where)
    found = [compare(plan.part(m.node), m, costs) for plan in plans for m in matching(all_of_them, plan)]
    if not found:
        ran = ", ".join(sorted({m.document for m in all_of_them}))
        raise UsageError(f"what was measured in {where} is of other documents, or of another version of them: {ran}")
    if form == "json":
        put(msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n")
    else:
        put("\n".join(map(compared_text, found)))


@capacity.command()
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write here instead of the user's own place.")
@click.option("--quick", is_flag=True, help="Fewer repetitions: seconds instead of most of a minute, and less exact.")
def calibrate(output: Path | None, *, quick: bool) -> None:
    """Measure what each kind of operator costs on this machine.

    Other load on the machine makes the result dearer than the truth. Later reports use it by themselves.
    """
    path = output or own_calibration(_environment())
    _single_thread(_environment(), path, quick=quick)
    from slac.calibration import calibrate as measure
    from slac.shedding.capacity.calibration import encode_calibration

    result = measure(timer=time.process_time, quick=quick, progress=say)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_calibration(result))
    except OSError as error:
        raise UsageError(f"the calibration cannot be written to {path}: {error.strerror}") from error
    for kind, line in sorted(result.kinds.items()):
        say(f"{kind:16} within {line.error:6.1%} of {line.samples} measurements")
    say(f"wrote {path}")


def _single_thread(environment: Mapping[str, str], path: Path, *, quick: bool) -> None:
    """Start this command anew with the thread count of a runtime on a small budget: Polars fixes it at its import."""
    if THREADS not in environment:
        command = [sys.executable, "-m", "slac.cli", "capacity", "calibrate", "-o", str(path)]
        command += ["--quick"] if quick else []
        os.execve(sys.executable, command, {**environment, THREADS: "1"})  # noqa: S606 - it is ourselves


def _environment() -> Mapping[str, str]:
    return click.get_current_context().find_root().obj or {}


def _costs(given: Path | None) -> Calibration:
    """The file that is named, else the user's own, else the one that comes with slac."""
    from slac.shedding.capacity.calibration import load_calibration, shipped_calibration

    own = own_calibration(_environment())
    if given is None and not own.exists():
        return shipped_calibration()
    return load_calibration(given or own)
