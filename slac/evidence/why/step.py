"""What an explanation is made of: steps, and the groups of rows that each was made of."""

from __future__ import annotations

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One row of one node: `block` and `node`, its id (16 hex digits), when, its values, and how it came about.

    `definition`: what the block says, line by line; `arithmetic`: the same with the values of this row. `runtime`:
    whose log the row is from.
    """

    block: str
    node: str
    what: str
    id: str
    time: str
    revision: int = 0
    runtime: str = ""
    window_start: str | None = None
    values: dict[str, object] = {}
    definition: list[str] = []
    arithmetic: list[str] = []
    inputs: list[Group] = []


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of one node that a step was made of: how many there are, and some of them as steps.

    `witness`: they stand for what was before them, and are not followed. `spans`: the lowest and highest value by
    column, where not all are shown.
    """

    block: str
    node: str
    role: str = ""
    witness: bool = False
    count: int
    first: str = ""
    last: str = ""
    spans: dict[str, tuple[object, object]] = {}
    steps: list[Step] = []


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """An explanation: the step asked for, what is missing of its log, and what gates and others did meanwhile."""

    document: str
    root: Step
    remarks: list[str] = []
    damage: list[str] = []
