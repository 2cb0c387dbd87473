"""The state of a window whose parts run elsewhere than before: what all parts held, divided among the new ones.

Rows of a window that is open are partial rows, whichever part holds them. A first part holds them by panes, which may
belong to several windows; a last one by windows, as they came. Rows of a pane count in windows behind those that their
part has told (`_after`), and a row of a window is one of the pane that it begins with, which counts in it alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import polars as pl

from slac.plan.nodes import AnyNode, WindowNode
from slac.runtime.operator import ENDED, State
from slac.runtime.operators.pane_state import AFTER, EXPIRES
from slac.runtime.succession.adapting import adapted

_PANES: Final = "panes"


def divided(parts: Sequence[tuple[AnyNode, State]], node: WindowNode, *, first: bool) -> State | None:
    """What `node` takes over of the `parts` that computed its window before; None for nothing.

    `first`: whether this instance is the one that takes what only one may.
    """
    mine = [(old, adapted(old, node, state)) for old, state in parts if isinstance(old, WindowNode)]
    last = [state for old, state in mine if old.role in {"whole", "final"}]
    if node.role == "merged" or not last:
        return None
    panes = [_untold(s) for o, s in mine if o.role in {"whole", "partial"}]
    windows = [s.frames[_PANES] for o, s in mine if o.role in {"final", "merged"} and _PANES in s.frames]
    head, is_pane = last[0], node.window.kind != "hopping"
    match node.role:
        case "partial":
            return _partial(head, panes if first and not is_pane else [])
        case "final":
            rows = [*windows, *(panes if is_pane else [])]
        case _:
            rows = [*panes, *(w.with_columns(_alone()) for w in windows)]
    frames = {name: frame for name, frame in head.frames.items() if name != _PANES}
    return State(head.values, frames | _joined(rows))


def _untold(state: State) -> pl.DataFrame | None:
    """Rows of panes, as far as their part has not told the windows that they count in."""
    if _PANES not in state.frames:
        return None
    closed = pl.lit(state.values["closed"], pl.Int64)
    return state.frames[_PANES].with_columns(pl.max_horizontal(AFTER, closed).alias(AFTER))


def _alone() -> pl.Expr:
    """A row of a window counts in no other that its first pane belongs to."""
    return pl.max_horizontal(AFTER, pl.col(EXPIRES) - 1).alias(AFTER)


def _partial(head: State, rows: Sequence[pl.DataFrame | None]) -> State:
    """What a first part holds: it fills nothing and says nothing again."""
    return State({**head.values, "late": 0, "mixed": [0, 0], "certain": ENDED}, _joined(rows))


def _joined(rows: Iterable[pl.DataFrame | None]) -> dict[str, pl.DataFrame]:
    there = [r for r in rows if r is not None]
    return {_PANES: pl.concat(there, how="diagonal")} if there else {}
