"""What an audit means, in plain Python: one `transitions` machine a key, one row at a time, all rows at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from slac.plan.machine import NO_DATA, OTHERWISE, UNDETERMINED, KeyMachine, TransitionTable

Row = tuple[int, str | None, str | None]
"""Time, key, state."""
BodyRow = tuple[int, str | None, str, int]
"""Time, key, case, runs."""
Said = tuple[Any, ...]


@dataclass
class Story:
    """One key: everything that is said of it up to and including the instant `until`."""

    table: TransitionTable
    key: str | None
    rows: Sequence[Row]
    bodies: Sequence[BodyRow]
    retain: int
    until: int
    said: list[Said] = field(default_factory=list)
    boundary: int = -1
    published: int | None = None
    since: int = 0
    due: int | None = None

    def __post_init__(self) -> None:
        self.machine = KeyMachine(self.table)

    def tell(self) -> list[Said]:
        """(time, key, kind, state, previous, verdict, since, start of the period, rows behind it, body)."""
        last: int | None = None
        for time, _, state in self.rows:
            if last is not None and time - last > self.retain:
                self._stays(last + self.retain)
                self._forget(last + self.retain)
            self._stays(time - 1)
            self._step(time, self._condition(state))
            last = time
        if last is not None:
            self._stays(min(self.until, last + self.retain))
        return self.said

    def _condition(self, state: str | None) -> str:
        if state is None:
            return NO_DATA
        return f"when {state}" if f"when {state}" in self.table.conditions else OTHERWISE

    def _forget(self, at: int) -> None:
        self.machine = KeyMachine(self.table)
        self.boundary, self.published = at, None
        self.due = None

    def _step(self, time: int, condition: str) -> None:
        before = self.machine.state
        now = self.machine.step(condition)
        first = self.published is None
        if now == UNDETERMINED or (not first and now == before):
            return
        self.since = time
        self._say(time, "initial" if first else "change", None if first else before)

    def _stays(self, until: int) -> None:
        while self.due is not None and self.due <= until:
            self._say(self.due, "stay", self.machine.state)

    def _say(self, time: int, kind: str, previous: str | None) -> None:
        state = self.machine.state
        place = self.table.states.index(state)
        kept = sum(self.boundary < t <= time for t, _, _ in self.rows)
        verdict = self.table.verdicts[place]
        start = self.published
        body = list(self._body(time))
        self.said.append((time, self.key, kind, state, previous, verdict, self.since, start, kept, body))
        self.boundary = self.published = time
        every = self.table.report_every[place]
        self.due = None if every is None else time + every

    def _body(self, time: int) -> Iterator[dict[str, Any]]:
        oldest = time // self.retain - 1 if self.published is None else -1
        rows = [b for b in self.bodies if self.boundary < b[0] <= time and b[0] // self.retain >= oldest]
        for case in sorted({b[2] for b in rows}):
            runs = [r for _, _, c, r in rows if c == case]
            yield {"case": case, "runs": sum(runs), "latest": runs[-1]}


def expected(table: TransitionTable, rows: list[Row], bodies: list[BodyRow], *, retain: int, until: int) -> list[Said]:
    """All keys; rows and bodies in the total order."""
    found = []
    for key in {r[1] for r in rows}:
        mine = [r for r in rows if r[1] == key]
        found += Story(table, key, mine, [b for b in bodies if b[1] == key], retain, until).tell()
    return found
