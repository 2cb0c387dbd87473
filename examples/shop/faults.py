"""Faults that are switched on and off while the shop runs; which requests they hit is counted out, never drawn."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Annotated

import msgspec

EVERYTHING = "*"
"""In place of an endpoint: all of them."""


class Mode(StrEnum):
    """What a fault does: answer 500, answer late, or answer 500 now and then."""

    ERROR = "error"
    SLOW = "slow"
    FLAKY = "flaky"


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fault of one endpoint (`*`: of all), as it is posted.

    `rate` is the share of requests hit; without it, half of them where flaky, else all.
    """

    endpoint: str
    mode: Mode
    rate: Annotated[float, msgspec.Meta(gt=0, le=1)] | None = None
    delay_ms: Annotated[int, msgspec.Meta(ge=0, le=60_000)] = 2_000
    message: str = "injected fault"

    @property
    def share(self) -> Fraction:
        """The share of requests that are hit, exactly."""
        default = 0.5 if self.mode is Mode.FLAKY else 1.0
        return Fraction(str(self.rate if self.rate is not None else default)).limit_denominator(1_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """What a fault does to one request: wait `delay` seconds, then fail with `error` if there is one."""

    delay: float = 0.0
    error: str | None = None


class FaultTable:
    """The faults in force, at most one an endpoint; a fault of the endpoint itself comes before one of `*`."""

    def __init__(self, endpoints: Iterable[str]) -> None:
        self._endpoints = tuple(endpoints)
        self._faults: dict[str, Fault] = {}
        self._seen: dict[tuple[str, str], int] = {}

    def switch_on(self, fault: Fault) -> None:
        """Put a fault in force, counting from the next request; raises ValueError for an unknown endpoint."""
        self._check(fault.endpoint)
        self.switch_off(fault.endpoint)
        self._faults[fault.endpoint] = fault

    def switch_off(self, endpoint: str | None = None) -> None:
        """Lift the fault of `endpoint`, or all faults; raises ValueError for an unknown endpoint."""
        if endpoint is not None:
            self._check(endpoint)
        lifted = list(self._faults) if endpoint is None else [endpoint]
        for name in lifted:
            self._faults.pop(name, None)
        self._seen = {key: seen for key, seen in self._seen.items() if key[0] not in lifted}

    def in_force(self) -> list[Fault]:
        """The faults in force, in the order in which they were switched on."""
        return list(self._faults.values())

    def strike(self, endpoint: str) -> Strike:
        """What happens to the next request to `endpoint`; counts it.

        Of n requests exactly floor(n × share) are hit, evenly spread: with a rate of 1/k, every k-th.
        """
        fault = self._faults.get(endpoint) or self._faults.get(EVERYTHING)
        if fault is None:
            return Strike()
        key = (fault.endpoint, endpoint)
        before = self._seen.get(key, 0)
        self._seen[key] = before + 1
        if int((before + 1) * fault.share) == int(before * fault.share):
            return Strike()
        if fault.mode is Mode.SLOW:
            return Strike(delay=fault.delay_ms / 1_000)
        return Strike(error=f"{endpoint}: {fault.message}")

    def _check(self, endpoint: str) -> None:
        if endpoint != EVERYTHING and endpoint not in self._endpoints:
            raise ValueError(f"no endpoint '{endpoint}'; there are {', '.join(self._endpoints)}, and '*' for all")
