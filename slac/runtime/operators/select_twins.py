"""Selects that say the same of the same rows work once for all: documents that are imported twice bring such twins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from slac.plan.nodes import AnyNode, SelectNode
from slac.runtime.operators.select_few import FewRows


class TwinRows(FewRows):
    """What twins make of few rows: the first that is given a frame works on it, the others take what it made."""

    def __init__(self, node: SelectNode, twins: int) -> None:
        super().__init__(node)
        self._others = twins - 1
        self._asked: pl.DataFrame | None = None
        self._made: pl.DataFrame | None = None
        self._left = 0

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows that pass, with the columns of the node; nothing is kept when all twins have asked."""
        if self._made is None or self._asked is not frame:
            self._asked, self._made, self._left = frame, super().of(frame), self._others
            return self._made
        made = self._made
        self._left -= 1
        if not self._left:
            self._asked = self._made = None
        return made


def twin_rows(nodes: Iterable[AnyNode]) -> Mapping[str, FewRows]:
    """By id of each select that has a twin (the same input, condition and columns), what all of them ask."""
    alike: list[list[SelectNode]] = []
    for node in nodes:
        if isinstance(node, SelectNode):
            twins = next((known for known in alike if _says(known[0]) == _says(node)), None)
            if twins is None:
                alike.append([node])
            else:
                twins.append(node)
    found = [(twins, TwinRows(twins[0], len(twins))) for twins in alike if len(twins) > 1]
    return {node.id: rows for twins, rows in found for node in twins}


def _says(node: SelectNode) -> tuple[object, ...]:
    return (node.inputs, node.where, node.columns)
