"""What an audit means, in plain Python: one `transitions` machine a key, one row at a time, all rows at hand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from slac.plan.guards import Flapping
from slac.plan.machine import AFTER, NO_DATA, OTHERWISE, UNDETERMINED, KeyMachine, TransitionTable

Row = tuple[int, str | None, str | None]
"""Time, key, state."""
BodyRow = tuple[int, str | None, str, int]
"""Time, key, case, runs."""
Said = tuple[Any, ...]


@dataclass
class Story:
    """One key: everything that is said of it up to and including the instant `until`.

    `strikes`: the instants of the schedule, for the states that have one. `silences`: from when on another audit
    silences the key, or does so no more.
    """

    table: TransitionTable
    key: str | None
    rows: Sequence[Row]
    bodies: Sequence[BodyRow]
    retain: int
    until: int
    strikes: Sequence[int] = ()
    flapping: Flapping | None = None
    silences: Sequence[tuple[int, bool]] | None = None
    said: list[Said] = field(default_factory=list)
    boundary: int = -1

    def __post_init__(self) -> None:
        self.waiting = list(self.silences or ())
        self.quiet = False
        self._begin()

    def tell(self) -> list[Said]:
        """(time, key, kind, state, previous, verdict, since, start of the period, rows behind it, body).

        Where the audit knows of flapping, also whether the key does; where changes may be held back, how many there
        were in the period.
        """
        last: int | None = None
        for time, _, state in self.rows:
            self._silence(time, last)
            if last is not None and time - last > self.retain:
                self._clocks(last + self.retain)
                self._forgotten(last + self.retain)
                self.boundary = last + self.retain
                self._begin()
            self._clocks(time - 1)
            self._entered(time, self.machine.step, self._condition(state))
            last = time
        if last is not None:
            self._silence(last + self.retain, last)
            self._clocks(min(self.until, last + self.retain))
            if last + self.retain <= self.until:
                self._forgotten(last + self.retain)
        return self.said

    def _forgotten(self, time: int) -> None:
        """A key that has published says goodbye: nothing is known of it any more."""
        if self.published is not None:
            self._say(time, "forgotten")

    def _silence(self, time: int, last: int | None) -> None:
        """What another audit says before the rows of an instant: all earlier, and at it only what silences."""
        while self.waiting and (self.waiting[0][0] < time or self.waiting[0] == (time, True)):
            at, quiet = self.waiting.pop(0)
            alive = last is not None and at < last + self.retain
            if last is not None:
                self._clocks(min(at - quiet, last + self.retain))
            was, self.quiet = self.quiet, quiet
            if was and not quiet and alive and self.held:
                self._say(at, "released" if self.held > 1 else "stay")

    def _begin(self) -> None:
        self.machine = KeyMachine(self.table)
        self.since: int | None = None
        self.published: int | None = None
        self.told: str | None = None
        self.stay: int | None = None
        self.stays = 0
        self.struck = -1
        self.calm: int | None = None
        self.changes: list[int] = []
        self.untold = self.held = 0

    @property
    def _place(self) -> int:
        return self.table.states.index(self.machine.state)

    def _condition(self, state: str | None) -> str:
        if state is None:
            return NO_DATA
        return f"when {state}" if f"when {state}" in self.table.conditions else OTHERWISE

    def _entered(self, time: int, step: Any, condition: str) -> None:
        before = self.machine.state
        now = step(condition, time)
        first = self.since is None
        if now == UNDETERMINED or (not first and now == before):
            return
        self.since, self.stays, self.struck = time, 0, max(self.struck, time - 1)
        quiet = not first and self._flaps(time)
        self.held = 2 if self.quiet else self.held
        if not quiet and not self.quiet:
            self._say(time, "change")
        else:
            self._await_stay()
            self.stay = None if self.stay is None else max(self.stay, time)

    def _flaps(self, time: int) -> bool:
        """Count a change; whether the key was flapping before it."""
        self.untold += 1
        if self.flapping is None:
            return False
        before = self.calm is not None
        self.changes.append(time)
        recent = self.changes[-self.flapping.changes :]
        enough = len(recent) == self.flapping.changes and time - recent[0] < self.flapping.within
        self.calm = time + self.flapping.within if before or enough else None
        return before

    def _clocks(self, until: int) -> None:
        """The earliest of what is due, then the next; at one instant: the move, calm, the schedule, the stay."""
        while (due := min(self._dues(), default=None)) is not None and due[0] <= until:
            time, _, what = due
            if what == "move":
                self._entered(time, self.machine.step, AFTER)
                continue
            if what == "scheduled":
                self.struck = time
            elif what == "calm":
                self.calm = None
            else:
                self.stays += 1
            if self.quiet and what != "scheduled":
                self.held = max(self.held, 1 if what == "stay" else 2)
                self.stay = None if what == "stay" else self.stay
            else:
                self._say(time, what)

    def _dues(self) -> Iterator[tuple[int, int, str]]:
        if self.since is None:
            return
        after = self.table.after[self._place]
        if after is not None:
            yield self.since + after.time, 0, "move"
        if self.calm is not None:
            yield self.calm, 1, "calm"
        if self.table.schedules[self._place]:
            yield from ((t, 2, "scheduled") for t in self.strikes if t > self.struck)
        if self.stay is not None:
            yield self.stay, 3, "stay"

    def _await_stay(self) -> None:
        every = self.table.intervals[self._place]
        known = every and self.published is not None
        self.stay = (self.published or 0) + every[min(self.stays, len(every) - 1)] if known else None

    def _say(self, time: int, kind: str) -> None:
        verdict = "UNDECIDED" if kind == "forgotten" else self.table.verdicts[self._place]
        kept = sum(self.boundary < t <= time for t, _, _ in self.rows)
        body = list(self._body(time))
        kind = "initial" if self.published is None else kind
        said = (time, self.key, kind, self.machine.state, self.told, verdict, self.since, self.published, kept, body)
        counted: tuple[int, ...] = () if self.flapping is None else (self.calm is not None,)
        counted += () if self.flapping is None and self.silences is None else (self.untold,)
        self.said.append((*said, *counted))
        self.boundary = self.published = time
        self.told, self.untold, self.held = self.machine.state, 0, 0
        self._await_stay()

    def _body(self, time: int) -> Iterator[dict[str, Any]]:
        oldest = time // self.retain - 1 if self.published is None else -1
        rows = [b for b in self.bodies if self.boundary < b[0] <= time and b[0] // self.retain >= oldest]
        for case in sorted({b[2] for b in rows}):
            runs = [r for _, _, c, r in rows if c == case]
            yield {"case": case, "runs": sum(runs), "latest": runs[-1]}


def expected(
    table: TransitionTable, rows: list[Row], bodies: list[BodyRow], *, retain: int, until: int, **more: Any
) -> list[Said]:
    """All keys; rows and bodies in the total order."""
    found = []
    for key in {r[1] for r in rows}:
        mine = [r for r in rows if r[1] == key]
        found += Story(table, key, mine, [b for b in bodies if b[1] == key], retain, until, **more).tell()
    return found
