"""Which kind of grid a window lies on."""

from __future__ import annotations

from typing import TypeAlias

from slac.plan.nodes import WindowSpec
from slac.runtime.operators.window_calendar import CalendarGrid
from slac.runtime.operators.window_grid import Grid

AnyGrid: TypeAlias = Grid | CalendarGrid


def grid_of(spec: WindowSpec) -> AnyGrid | None:
    """The grid of a specification; None where it does not say (rows of `same` carry their window)."""
    if spec.unit is not None:
        return CalendarGrid(spec.unit, spec.zone)
    return Grid.of(spec)
