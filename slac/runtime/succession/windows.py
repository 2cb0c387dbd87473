"""The state of a window whose parts run elsewhere than before: what all parts held, divided among the new ones.

Rows of a window that is open are partial rows, whichever part holds them. Where a pane is a window, they may lie in any
part: the last one merges what comes. Where windows overlap, panes belong before rows of windows: then one first part
takes them all, and what a last part may still hold of windows that others have said has no other place.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from slac.diagnostics import RunFailed
from slac.plan.nodes import AnyNode, WindowNode
from slac.runtime.operator import ENDED, State
from slac.runtime.succession.adapting import adapted

_PANES: Final = "panes"


def divided(parts: Sequence[tuple[AnyNode, State]], node: WindowNode, *, first: bool) -> State | None:
    """What `node` takes over of the `parts` that computed its window before; None for nothing.

    `first`: whether this instance is the one that takes what only one may. RunFailed where rows have no place.
    """
    mine = [(old, adapted(old, node, state)) for old, state in parts if isinstance(old, WindowNode)]
    by_window = node.window.kind != "hopping"
    last = [(old, state) for old, state in mine if old.role in {"whole", "final"}]
    if node.role == "merged" or not last:
        return None
    rows = _rows(state for _, state in mine)
    if not by_window and node.role != "final" and _rows(s for o, s in mine if o.role in {"final", "merged"}):
        raise RunFailed(f'windows of "{node.block}" that some instances have closed wait for the others: try again')
    head = last[0][1]
    if node.role == "partial":
        return _partial(head, rows if not by_window and first else [])
    frames = {name: frame for name, frame in head.frames.items() if name != _PANES}
    if rows and (by_window or node.role == "whole"):
        frames[_PANES] = pl.concat(rows, how="diagonal")
    elif not by_window:
        held = _rows(s for o, s in mine if o.role in {"final", "merged"})
        frames |= {_PANES: pl.concat(held, how="diagonal")} if held else {}
    return State(head.values, frames)


def _partial(head: State, rows: list[pl.DataFrame]) -> State:
    """What a first part holds: it fills nothing and says nothing again."""
    values = {**head.values, "late": 0, "mixed": [0, 0], "certain": ENDED}
    return State(values, {_PANES: pl.concat(rows, how="diagonal")} if rows else {})


def _rows(states: Iterable[State]) -> list[pl.DataFrame]:
    return [state.frames[_PANES] for state in states if _PANES in state.frames]
