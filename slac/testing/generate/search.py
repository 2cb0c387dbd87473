"""The search: simple recipes first, every run counted for all targets; then what takes several windows; then shrunk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, product
from typing import Final

from slac.plan.graph import Plan
from slac.plan.machine import NO_DATA_STATE
from slac.plan.nodes import AbsenceNode, SourceNode, WindowNode
from slac.stream.clock import Clock, ManualClock
from slac.testing.generate.candidates import Recipe, recipes
from slac.testing.generate.lineage import Lineage
from slac.testing.generate.shrink import shrunk
from slac.testing.generate.simulate import Event, Simulator, Trace
from slac.testing.generate.targets import Target, targets_of

_MINUTE: Final = 60_000_000
_SECOND: Final = 1_000_000
_ALTERNATIVES: Final = 4
_OTHERS: Final = 30
_LONGEST_WINDOW: Final = 2 * 24 * 60 * _MINUTE
"""Tests of longer windows would take minutes each (µs)."""

Stage = Recipe | int
"""What comes in within one window, or how long nothing does (µs)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a search: runs for one target (or the targets over one stream), and seconds for it and in all."""

    runs: int = 300
    seconds: float = 20.0
    total_seconds: float = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """A target, and a trace that reaches it and would not without any of its events."""

    target: Target
    trace: Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Generated:
    """What was reached, and what was not with the reason, in the order of the targets; `runs` of the harness in all."""

    reached: tuple[Reached, ...]
    missed: tuple[tuple[Target, str], ...]
    runs: int


def generate(
    plan: Plan, *, block: str | None = None, limits: Limits | None = None, clock: Clock | None = None
) -> Generated:
    """Traces for a plan that was compiled with `collapse` and `whole`; deterministic as long as time does not run out.

    `clock` measures the seconds of the limits; without it only the number of runs bounds the search.
    """
    return _Search(plan, targets_of(plan, block), limits or Limits(), clock or ManualClock()).run()


@dataclass(slots=True)
class _Search:
    plan: Plan
    targets: tuple[Target, ...]
    limits: Limits
    clock: Clock
    best: dict[int, Trace] = field(default_factory=dict)
    ways: dict[int, list[Recipe]] = field(default_factory=dict)
    tried: dict[int, int] = field(default_factory=dict)
    began: int = 0
    out_of_time: bool = False
    window: int = _MINUTE
    """The length (µs) of a stage: of the longest window above the node that is tried."""
    simulator: Simulator = field(init=False)
    lineage: Lineage = field(init=False)

    def run(self) -> Generated:
        self.began = self.clock.now()
        self.simulator = Simulator(self.plan, self.targets)
        self.lineage = Lineage(self.plan)
        self._try([[self._longest_silence()]], range(len(self.targets)))
        for owner in dict.fromkeys(t.owner for t in self.targets):
            self._single(owner)
        for i, target in enumerate(self.targets):
            if i not in self.best:
                self.window = self._window(target.owner)
                self._try(self._stages(target), [i])
        return self._result()

    def _single(self, owner: str) -> None:
        """Everything about one node that one window can show."""
        wanted = [i for i, t in enumerate(self.targets) if t.owner == owner and not t.needs and t.kind != "resolved"]
        self.window = self._window(owner)
        if any(i not in self.best for i in wanted):
            self._try(([r] for r in recipes(self.plan, self.lineage, owner)), wanted)

    def _try(self, several: Iterable[Sequence[Stage]], wanted: Sequence[int]) -> None:
        """Run one after the other until all that is wanted is reached, or a limit is."""
        start, runs = self.clock.now(), self.simulator.runs
        for stages in several if self.window <= _LONGEST_WINDOW else ():
            open_ = [i for i in wanted if i not in self.best]
            if not open_ or self.simulator.runs - runs >= self.limits.runs or self._late(start):
                break
            self._run(stages)
        for i in wanted:
            self.tried[i] = self.tried.get(i, 0) + self.simulator.runs - runs

    def _run(self, stages: Sequence[Stage]) -> None:
        trace = self.placed(stages)
        for i in self.simulator.reached(trace):
            kept = self.best.get(i)
            if kept is None or _cost(trace) < _cost(kept):
                self.best[i] = trace
            if len(stages) == 1 and isinstance(stages[0], Recipe):
                ways = self.ways.setdefault(i, [])
                if len(ways) < _ALTERNATIVES:
                    ways.append(stages[0])

    def _late(self, start: int) -> bool:
        now = self.clock.now()
        whole = now - self.began > self.limits.total_seconds * _SECOND
        self.out_of_time |= whole
        return whole or now - start > self.limits.seconds * _SECOND

    def _stages(self, target: Target) -> Iterator[Sequence[Stage]]:
        """Sequences of windows that may reach a target which one window does not."""
        match target.kind:
            case "transition":
                yield from self._changes(target)
            case "stay":
                for recipe in self._to(target.block, target.needs[0]):
                    yield [recipe, target.value]
                    yield [recipe] * (target.value // self.window + 2)
            case "state":
                for recipe in self._any_state(target.block):
                    yield [recipe, 3 * self.window]
            case "raised" | "resolved":
                yield from self._alarms(target)
            case _:
                simple = list(islice(([r] for r in recipes(self.plan, self.lineage, target.owner)), _OTHERS))
                yield from ([*a, *b] for a, b in product(simple, repeat=2))

    def _changes(self, target: Target) -> Iterator[Sequence[Stage]]:
        source, to = target.needs
        silence = 3 * self.window
        if source == NO_DATA_STATE:
            before: list[list[Stage]] = [[r, silence] for r in self._any_state(target.block)]
        else:
            before = [[r] for r in self._to(target.block, source)]
        after: list[Stage] = [silence] if to == NO_DATA_STATE else list(self._to(target.block, to))
        for first, last in product(before, after):
            yield [*first, last]

    def _alarms(self, target: Target) -> Iterator[Sequence[Stage]]:
        """Silence and what ends it; a bad row and a good one."""
        node = self.plan[target.owner]
        simple = list(islice(recipes(self.plan, self.lineage, target.owner), _OTHERS))
        if isinstance(node, AbsenceNode):
            for recipe in simple:
                yield [recipe, node.silence]
                yield [node.silence + self.window, recipe]
                yield [recipe, node.silence + self.window, recipe]
            return
        raised = [i for i, t in enumerate(self.targets) if t.block == target.block and t.kind == "raised"]
        for bad in (r for i in raised for r in self.ways.get(i, [])):
            for other in simple:
                yield [bad, other]

    def _to(self, block: str, state: str) -> list[Recipe]:
        """What leads to a state by itself."""
        found = [i for i in self._states(block) if self.targets[i].columns["state"] == (state,)]
        return [r for i in found for r in self.ways.get(i, [])]

    def _any_state(self, block: str) -> list[Recipe]:
        """A way to each state."""
        return [r for i in self._states(block) for r in self.ways.get(i, [])[:1]]

    def _states(self, block: str) -> list[int]:
        return [i for i, t in enumerate(self.targets) if t.block == block and t.kind == "state"]

    def placed(self, stages: Sequence[Stage]) -> Trace:
        """Stages one after the other, each in a window of its own."""
        window, now = self.window, 0
        events: list[Event] = []
        for stage in stages:
            if isinstance(stage, int):
                now += -(-stage // window) * window
                continue
            step = min(_SECOND, window // (stage.size + 2))
            kinds = [kind for kind, count in stage.groups for _ in range(count)]
            events += [Event(now + (place + 1) * step, kind) for place, kind in enumerate(kinds)]
            now += window
        return Trace(tuple(self._told_apart(events)), now + self._settling())

    def _told_apart(self, events: Iterable[Event]) -> Iterator[Event]:
        """No two events of an input with ids of its own have the same: the second would be dropped as a repeat."""
        named = {n.block: n.natural_id for n in self.plan.nodes if isinstance(n, SourceNode) and n.natural_id}
        seen: dict[tuple[str, str], int] = {}
        for event in events:
            names = named.get(event.kind.source, ())
            own = (event.kind.source, repr([v for n, v in event.kind.values if n in names]))
            number = seen[own] = seen.get(own, -1) + 1
            yield Event(event.at, event.kind.told_apart(names, number)) if names and number else event

    def _window(self, owner: str) -> int:
        sizes = (n.window.size for n in self.lineage.above(owner) if isinstance(n, WindowNode))
        return max(sizes, default=0) or _MINUTE

    def _settling(self) -> int:
        """How long until event time has passed what the clock has, and overlapping windows are closed."""
        sources = [n for n in self.plan.nodes if isinstance(n, SourceNode)]
        windows = [n.window for n in self.plan.nodes if isinstance(n, WindowNode)]
        overlap = max((w.size for w in windows if w.kind in {"hopping", "sliding"}), default=0)
        return overlap + max((s.idle + s.lateness for s in sources), default=0) + _SECOND

    def _longest_silence(self) -> int:
        return max((n.silence for n in self.plan.nodes if isinstance(n, AbsenceNode)), default=0) + _MINUTE

    def _result(self) -> Generated:
        reached, missed = [], []
        until = max(self.clock.now(), self.began + int(self.limits.total_seconds * _SECOND))
        until += int(self.limits.total_seconds * _SECOND) // 4
        for i, target in enumerate(self.targets):
            if i in self.best:
                trace = self.best[i]
                if self.clock.now() < until:
                    trace = shrunk(trace, lambda t, i=i: i in self.simulator.reached(t))  # type: ignore[misc]
                reached.append(Reached(target=target, trace=trace))
            else:
                missed.append((target, self._why_not(i, target)))
        return Generated(reached=tuple(reached), missed=tuple(missed), runs=self.simulator.runs)

    def _why_not(self, i: int, target: Target) -> str:
        for state in target.needs:
            if state != NO_DATA_STATE and not self._to(target.block, state):
                return f'the state "{state}" was not reached'
        if self._window(target.owner) > _LONGEST_WINDOW:
            return "a test of windows of more than two days would take minutes"
        if self.out_of_time:
            return f"the time of {self.limits.total_seconds:g}s ran out"
        count = self.tried.get(i, 0)
        if not count:
            return "nothing could be tried: no input feeds it"
        return f"none of {count} traces reached it"


def _cost(trace: Trace) -> tuple[int, int]:
    return len(trace.events), trace.until
