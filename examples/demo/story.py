"""What happens in the demo, act by act: each begins with a deed and is over when its effect was published."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from examples.demo.published import Published
from examples.demo.stage import Stage

MODULES = ("account", "catalog", "order")
HIT = "order"
"""The module whose cases check out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """`deed` begins it, `expected` says what must come of it, `seen` tells whether it has; `limit` in seconds."""

    title: str
    expected: str
    deed: Callable[[Stage], None]
    seen: Callable[[Published, int], bool]
    limit: float


@dataclass(slots=True)
class Story:
    """The acts played one after another; what did not come within its limit is missing, and the story goes on."""

    acts: tuple[Act, ...]
    stage: Stage
    published: Published
    missing: list[str] = field(default_factory=list)
    _number: int = -1
    _since: float = 0.0
    _mark: int = 0

    @property
    def act(self) -> Act | None:
        """The act that is played now."""
        return self.acts[self._number] if 0 <= self._number < len(self.acts) else None

    @property
    def over(self) -> bool:
        """Whether the last act is played."""
        return self._number >= len(self.acts)

    def step(self, now: float) -> Act | None:
        """Go on if the act is over; returns the act that begins."""
        act = self.act
        if act is not None and not act.seen(self.published, self._mark):
            if now - self._since < act.limit:
                return None
            self.missing.append(act.expected)
        self._number += 1
        self._since, self._mark = now, len(self.published.reports)
        if self.act is not None:
            self.act.deed(self.stage)
        return self.act

    def give_up(self) -> None:
        """What was still to come will not."""
        self.missing += [act.expected for act in self.acts[max(self._number, 0) :]]
        self._number = len(self.acts)


def acts() -> tuple[Act, ...]:
    """The whole story."""
    return (
        Act(
            title="All is well: the watchdog runs every test case of the shop twice a second",
            expected="the first reports: every module up",
            deed=lambda _stage: None,
            seen=lambda published, _mark: [published.states().get(m) for m in MODULES] == ["up"] * len(MODULES),
            limit=25,
        ),
        Act(
            title="Every second checkout fails (fault: flaky)",
            expected=f"a report: {HIT} changes to low",
            deed=lambda stage: stage.fault("flaky"),
            seen=_reported("change", "low"),
            limit=18,
        ),
        Act(
            title="Every checkout fails (fault: error)",
            expected=f"a report: {HIT} changes to down",
            deed=lambda stage: stage.fault("error"),
            seen=_reported("change", "down"),
            limit=18,
        ),
        Act(
            title="Nobody repairs it: the state stays, and is reported again",
            expected=f"a report: {HIT} stays down",
            deed=lambda _stage: None,
            seen=_reported("stay", "down"),
            limit=18,
        ),
        Act(
            title="The shop is repaired",
            expected=f"a report: {HIT} changes to up",
            deed=lambda stage: stage.repair(),
            seen=_reported("change", "up"),
            limit=18,
        ),
        Act(
            title="The edge runtime, and with it the watchdog, is stopped: silence",
            expected="the alarm watchdog_silent",
            deed=_silence,
            seen=lambda published, _mark: any(_is_silence(a.block, a.kind) for a in published.alarms),
            limit=30,
        ),
    )


def _reported(kind: str, state: str) -> Callable[[Published, int], bool]:
    def seen(published: Published, mark: int) -> bool:
        return any(r.module == HIT and (r.kind, r.state) == (kind, state) for r in published.reports[mark:])

    return seen


def _silence(stage: Stage) -> None:
    stage.edge.stop()


def _is_silence(block: str, kind: str) -> bool:
    return block == "watchdog_silent" and kind == "raised"
