"""Numbers with their units, and tables without frames, as reports for a terminal have them."""

from __future__ import annotations

import math

from rich.table import Table

__all__ = ["lasting", "plain_table"]

_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "m"), (1.0, "s"), (1e-3, "ms"))


def lasting(seconds: float) -> str:
    """A length of time in three digits: `31 ms`, `2.5 s`, `4 h`."""
    if math.isinf(seconds):
        return "for ever"
    if seconds <= 0:
        return "0 s"
    size, unit = next(((s, u) for s, u in _UNITS if seconds >= s), _UNITS[-1])
    return f"{seconds / size:.3g} {unit}"


def plain_table(*headers: str) -> Table:
    """Two columns of words and then numbers, set to the right; nothing is cut."""
    table = Table(box=None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for position, header in enumerate(headers):
        table.add_column(header, justify="left" if position < 2 else "right", no_wrap=True)
    return table
