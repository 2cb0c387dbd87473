"""The laws by which readings become admission: one small class a resource, each with the derivation of its gains.

Cost of a record: a cost model names `c` CPU seconds, the truth is `g·c` with an unknown factor `g` (another machine,
other data, a warm cache). Admitting work worth `u` model cores therefore uses `idle + g·u` cores, and `u = (target −
idle) / g` would meet the target at once, whatever is offered: that is the feed-forward. Only `g` has to be learned.

The loop that learns it is internal model control: the mean of the last second that was *measured* is set against the
mean of what was *admitted* in that same second, so the delay of the one-second mean stands on both sides and drops
out. This is a PI controller with a Smith predictor: the filter of the mismatch is its integral part, the alignment of
the two means its proportional one. There is no windup, because the model is fed with what was really admitted.
In logarithms `ln used = ln g + ln u` has gain 1 whatever g is, so stability does not depend on how wrong the model is.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

FILTER: Final = 0.5
"""Time constant (s) of the mismatch filter. Readings of one second scatter by about ±10 %, decisions come about four
a second: an exponential filter of τ leaves √(T/2τ) = ½ of the scatter of independent readings, ±5 %, the headroom that
the target keeps; and it has settled to within 5 % after 3τ = 1.5 s, inside the 3 s that a step may take."""
TOUCH: Final = 1.5e-7
"""CPU seconds for a record that is looked at and dropped, until that is known; `MOST_TOUCH` is never exceeded."""
MOST_TOUCH: Final = 1e-5
TOUCH_FADES: Final = 5.0
"""Seconds: it changes with the size of records and messages, and so more slowly than the mix of the load."""
SCATTER: Final = 0.1
"""Of a reading of one second."""
LEAST_SCATTER: Final = 0.005
"""Cores: the clock ticks of the operating system, and all that is not work on records."""
WORST_MODEL: Final = 64.0
"""The factor by which a model may be wrong; a mismatch beyond it is not the model's (a stall, another process)."""
LARGEST_STEP: Final = 4.0
"""Ratios of use to target beyond this are taken for this: one burst of output is not worth more."""
RESPONSE: Final = 1.25
"""Closed-loop time (s) of a pure integral law behind a one-second mean: by Skogestad's rule (SIMC) for a dead time θ
and no lag, K = 1 / (2θ); a one-second mean delays by 0.5 s and a quarter-second step by 0.125 s, so 2θ = 1.25 s."""


@dataclass(slots=True)
class Rate:
    """Turns a counter that only grows into a rate over the last second, aligned with the meter's mean."""

    _samples: deque[tuple[float, float]]

    def __init__(self) -> None:
        self._samples = deque()

    def read(self, now: float, total: float) -> float:
        """Units a second over the last second; `now` in seconds. 0 at the first call."""
        samples = self._samples
        samples.append((now, total))
        while len(samples) > 1 and samples[1][0] <= now - 1.0:
            samples.popleft()
        then, before = samples[0]
        return (total - before) / (now - then) if now > then else 0.0


@dataclass(slots=True)
class WorkModel:
    """Learns `used = touch · touched + factor · admitted`: what a record costs that is only looked at, and all others.

    A Kalman filter over both, for readings that scatter by `SCATTER`: where little is admitted of much that comes, use
    says what looking costs, else by what `factor` the work is dearer than the model says. A single factor would take
    the cost of looking for one of admitting, admit less, and find it dearer still.
    """

    touch: float = TOUCH
    factor: float = 1.0
    _touch_spread: float = (3 * TOUCH) ** 2
    _factor_spread: float = 16.0
    _both: float = 0.0

    def learn(self, used: float, touched: float, admitted: float, seconds: float) -> None:
        """Take in means of the last second: cores used for records, records looked at, model cores admitted."""
        if used <= 0 or (touched <= 0 and admitted <= 0):
            return
        # What is known fades: both may change by their own size within so many seconds.
        self._touch_spread += (self.touch + TOUCH) ** 2 * seconds / TOUCH_FADES
        self._factor_spread += self.factor**2 * seconds / FILTER
        first = self._touch_spread * touched + self._both * admitted
        second = self._both * touched + self._factor_spread * admitted
        spread = touched * first + admitted * second + (SCATTER * used) ** 2 + LEAST_SCATTER**2
        missed = used - self.touch * touched - self.factor * admitted
        self.touch = min(max(self.touch + first / spread * missed, 0.0), MOST_TOUCH)
        self.factor = min(max(self.factor + second / spread * missed, 1.0 / WORST_MODEL), WORST_MODEL)
        self._touch_spread -= first * first / spread
        self._factor_spread -= second * second / spread
        self._both -= first * second / spread


@dataclass(slots=True)
class MemoryLaw:
    """Admission by memory: lowered while resident memory grows above the soft limit, raised again as soon as not.

    Memory integrates what is admitted, and an allocator gives back late: so growth is judged, not level. Between the
    limits the fraction falls with a time constant of one second at the hard limit and more slowly below it. Above the
    hard one it recovers as well, once it is known that memory will not fall.
    """

    fraction: float = 1.0
    _before: int | None = None

    def step(self, used: int, soft: float, hard: float, seconds: float, floor: float, *, held: bool = True) -> float:
        """The fraction to admit when `used` bytes are resident; `held`: above the hard limit nothing is taken in."""
        growing = self._before is not None and used > self._before
        self._before = used
        if used > soft and growing:
            self.fraction *= math.exp(-seconds * min((used - soft) / max(hard - soft, 1.0), 1.0))
        elif used < hard or not held:
            self.fraction *= math.exp(seconds)
        self.fraction = min(max(self.fraction, floor), 1.0)
        return self.fraction


@dataclass(slots=True)
class NetworkLaw:
    """Admission by network: an integral law on the logarithm of use over target, where the plant has gain 1."""

    fraction: float = 1.0

    def step(self, used: float, target: float | None, seconds: float, floor: float) -> float:
        """The fraction to admit when `used` bits a second crossed the network; `target` None is no bound."""
        if target is not None and (used > target or self.fraction < 1.0):
            ratio = min(max(target / max(used, 1.0), 1.0 / LARGEST_STEP), LARGEST_STEP)
            self.fraction *= ratio ** (seconds / RESPONSE)
        self.fraction = min(max(self.fraction, floor), 1.0)
        return self.fraction
