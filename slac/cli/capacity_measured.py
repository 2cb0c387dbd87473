"""`slac capacity report --measured`: what runtimes have measured, in files or when asked, beside the prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from slac.cli.quantities import lasting, plain_table
from slac.diagnostics import RunFailed, UsageError, suggest

if TYPE_CHECKING:
    from slac.plan.graph import Plan
    from slac.shedding.capacity.compare import Compared
    from slac.shedding.capacity.measured import Measured

FILE: Final = "measured.json"
"""What a runtime writes to its state directory."""


def measurements(where: str) -> list[Measured]:
    """Of the runtimes below a directory, in a file, at a control address, or of a node that runs here.

    UsageError where there is nothing; RunFailed where a runtime does not answer, or has not measured yet.
    """
    from slac.shedding.capacity.measured import read_measured

    path = Path(where)
    if "://" in where:
        return _asked([where])
    if path.is_file():
        return [read_measured(path.read_bytes(), where)]
    if path.is_dir():
        files = sorted(path.rglob(FILE))
        return [read_measured(f.read_bytes(), str(f)) for f in files] or _asked_here(path, None)
    return _asked_here(Path(), where)


def matching(measured: Sequence[Measured], plan: Plan) -> list[Measured]:
    """Those that run this plan: of another meaning nothing can be compared."""
    return [m for m in measured if m.document == plan.document and m.meaning in _meanings(plan)]


def compared_text(compared: Compared) -> str:
    """One runtime as a table, with what is off."""
    from slac.cli.tables import drawn

    table = plain_table(
        "node", "block", "rows/s in", "rows/s out", "passes", "predicted", "measured", "a call", "a row"
    )
    for b in compared.blocks:
        passes = "" if b.passes is None else f"{b.passes:.3g}"
        cores = (f"{b.predicted:.3g} cores", f"{b.measured:.3g} cores")
        table.add_row(
            compared.node,
            b.block,
            f"{b.rows_in:.4g}",
            f"{b.rows_out:.4g}",
            passes,
            *cores,
            lasting(b.call),
            lasting(b.row),
        )
    head = f"{compared.document}: {compared.node}/{compared.instance} over the last {lasting(compared.seconds)}\n"
    return head + drawn(table) + "".join(f"{line}\n" for line in _lines(compared))


def _lines(compared: Compared) -> Iterator[str]:
    for name, rate in compared.rates.items():
        declared = compared.declared.get(name)
        beside = f", and {declared:g}/s are declared" if declared is not None else ""
        yield f"{name}: {rate:.4g} events/s came{beside}."
    yield f"In all {compared.predicted:.3g} cores are predicted for this load, and {compared.measured:.3g} were used."
    if compared.drift is not None:
        yield f'DRIFT: most of the difference is in "{compared.drift.block}"; `slac capacity calibrate` measures here.'


def _meanings(plan: Plan) -> set[str]:
    return {plan.meaning, *(plan.part(p.name).meaning for p in plan.data.placements)}


def _asked(addresses: Sequence[str]) -> list[Measured]:
    from slac.runtime.inspection.client import Place, ask_status

    found = []
    for address in addresses:
        status = ask_status(Place(address, address, None))
        if status.measured is None:
            raise RunFailed(f"the runtime at {address} has not run for a minute yet, and has measured nothing")
        found.append(status.measured)
    return found


def _asked_here(directory: Path, node: str | None) -> list[Measured]:
    from slac.runtime.inspection.client import ask_status, places

    told = [ask_status(place) for place in places(directory)]
    chosen = [s for s in told if node is None or s.node == node]
    if not chosen:
        names = sorted({s.node for s in told})
        hint = suggest(node or "", names)
        raise UsageError(f'nothing was measured in "{node or directory}", and no such runtime runs here; {hint}')
    found = [s.measured for s in chosen if s.measured is not None]
    if not found:
        raise RunFailed("no runtime has run for a minute yet: nothing was measured")
    return found
