"""How late and how wrong what was said is, against what was really sent; all of one load together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from benchmarks.overload.said import Said
from benchmarks.overload.traffic import ENDPOINTS, WINDOW, Form, endpoint, facts

NUMBERS: Final = ("n", "failed", "latency")
FAILING, SLOW = 0.02, 40.0
"""The limits of `load.yaml`: failures of all, and the mean latency."""
_NEAR: Final = 1e-9
"""By which two sums of the same numbers may differ, relative to them."""

Windows = Mapping[int, npt.NDArray[np.int64]]
"""By the begin of a window (ms), how often each message was handed over, and how often it was not; 2 x MESSAGES."""


def windows_of(told: Mapping[str, Sequence[Sequence[int]]]) -> Windows:
    """What the feeder said."""
    return {int(begin): np.array(counts, dtype=np.int64) for begin, counts in told.items()}


class Truth:
    """What is true of every window and endpoint of a feed; events that nobody took are no part of it."""

    def __init__(self, windows: Windows, form: Form) -> None:
        of_messages = facts(form)
        self._sums = {begin: np.tensordot(counts[0], of_messages, 1) for begin, counts in windows.items()}
        self._numbers = {endpoint(i): i for i in range(ENDPOINTS)}

    def within(self, begin: float, end: float) -> list[int]:
        """The windows that lie between two instants (s)."""
        return sorted(w for w in self._sums if w >= begin * 1e3 and w + WINDOW <= end * 1e3)

    def of(self, begin: int, name: str) -> dict[str, float]:
        """The numbers of one endpoint; of nothing, nothing."""
        n, failed, total = (float(x) for x in self._sums[begin][self._numbers[name]])
        return {"n": n, "failed": failed, "latency": total / n} if n else {}

    def endpoints(self, begin: int) -> int:
        """How many have events."""
        return int((self._sums[begin][:, 0] > 0).sum())


@dataclass(slots=True)
class Judged:
    """One load. Errors are relative to the true value; a verdict is one of `failing` and `slow` of a row.

    `kept`: events behind the rows, where these tell it.
    """

    windows: int = 0
    unsaid: int = 0
    kept: float = 0.0
    rows: int = 0
    late: list[float] = field(default_factory=list)
    errors: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in NUMBERS})
    intervals: int = 0
    held: int = 0
    exact: int = 0
    untrue: int = 0
    verdicts: int = 0
    undecided: int = 0
    wrong: int = 0

    def latency(self, share: float) -> float:
        """Seconds from the end of a window to its result that this share does not exceed; of none, none."""
        return float(np.quantile(self.late, share)) if self.late else float("nan")

    def error(self, name: str, share: float) -> float:
        """The relative error that this share of the rows does not exceed."""
        return float(np.quantile(self.errors[name], share)) if self.errors[name] else float("nan")


def judge(said: Iterable[Said], truth: Truth, begin: float, end: float, until: float) -> Judged:
    """Everything said until `until` about windows between `begin` and `end` (wall clock, s)."""
    wanted = truth.within(begin, end)
    made, left = Judged(windows=len(wanted)), {w: truth.endpoints(w) for w in wanted}
    for row in said:
        if row.begin in left and row.at <= until:
            _look(made, row, truth.of(row.begin, row.endpoint))
            left[row.begin] -= 1
    made.unsaid = sum(max(n, 0) for n in left.values())
    return made


def _look(made: Judged, row: Said, true: Mapping[str, float]) -> None:
    made.rows += 1
    made.kept += row.values.get("kept") or 0
    made.late.append(row.at - (row.begin + WINDOW) / 1e3)
    for name in NUMBERS:
        value, known = row.values[name], true.get(name, 0.0)
        if known:
            made.errors[name].append(abs(value - known) / known)
        if f"{name}_low" in row.values:
            made.intervals += 1
            made.held += _holds(row.values, name, known)
        else:
            made.exact += 1
            made.untrue += abs(value - known) > _NEAR * max(abs(known), 1.0)
    for given, undecided, right in _verdicts(row.values, true):
        made.verdicts += 1
        made.undecided += undecided
        made.wrong += not undecided and given != right


def _holds(values: Mapping[str, Any], name: str, known: float) -> bool:
    low, high = values[f"{name}_low"], values[f"{name}_high"]
    room = _NEAR * max(abs(known), 1.0)
    return (low is None or low <= known + room) and (high is None or known - room <= high)


def _verdicts(values: Mapping[str, Any], true: Mapping[str, float]) -> Iterator[tuple[bool, bool, bool]]:
    """What was said, whether it was left open, and what is right."""
    failing = bool(true) and true["failed"] > FAILING * true["n"]
    slow = bool(true) and true["latency"] > SLOW
    for name, right in (("failing", failing), ("slow", slow)):
        yield bool(values[name]), bool(values.get(f"{name}_undecided", False)), right
