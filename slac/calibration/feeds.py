"""The events that `subject.yaml` takes in: the same in every run, in the shapes that documents have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, Final

import numpy as np
import orjson
import polars as pl

from slac.stream.ports import Records

Event = dict[str, Any]
KEYS: Final = 400
GROUPS: Final = 12
CALLS: Final = 10
"""Calls of a trace."""
_LABELS: Final = (
    {"container": "main"},
    {"container": "main", "resource": "cpu"},
    {"handler": "/orders", "code": "200"},
    {"device": "sda"},
    {"cpu": "3", "mode": "idle"},
)
"""Labels of metrics differ from name to name; what is decoded has room for all of them in each row."""
_MIX: Final = 2_654_435_761
"""A fixed multiplier spreads values without any randomness."""


class Lines:
    """Events as NDJSON, as they come over HTTP."""

    def __init__(self, events: Iterator[Event], stamped: Callable[[int], Event] = lambda at: {"timestamp": at}) -> None:
        self._events = events
        self._stamped = stamped

    def take(self, number: int, since: int, until: int) -> Records:
        """So many events, spread over [since, until) (wall clock, µs)."""
        times = ((since + (until - since) * n // number) // 1_000 for n in range(number))
        text = b"\n".join(orjson.dumps({**self._stamped(at), **next(self._events)}) for at in times)
        return Records(source="calibration", arrival=until, ndjson=text)


class Frames:
    """Events as columns, as they come in Arrow files."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, number: int, since: int, until: int) -> Records:
        """So many events, spread over [since, until) (wall clock, µs)."""
        at = np.arange(self._next, self._next + number, dtype=np.int64)
        self._next += number
        mixed = at * _MIX % (1 << 31)
        frame = pl.DataFrame(
            {
                "timestamp": (since + (until - since) * np.arange(number) // number) // 1_000,
                "value": (mixed % 1_000_000) / 1_000.0,
                "count": mixed % 100,
                "key": [f"key-{i % KEYS}" for i in mixed.tolist()],
                "group": [f"group-{i % GROUPS}" for i in mixed.tolist()],
            }
        )
        return Records(source="calibration", arrival=until, frame=frame)


def feeds() -> dict[str, Lines | Frames]:
    """A feed for each input of `subject.yaml`."""
    lines: dict[str, Lines | Frames] = {name: Lines(make()) for name, make in _LINES.items()}
    return {**lines, "flat": Frames(), "foreign": Lines(_foreign(), lambda at: {"stamp": _text(at)})}


def _text(at: int) -> str:
    """An instant (ms) as text."""
    return f"{np.datetime64(at, 'ms')}Z"


def _foreign() -> Iterator[Event]:
    for n in count():
        mixed = n * _MIX % (1 << 31)
        yield {
            "stage": "ResponseComplete",
            "status": {"code": 403 if mixed % 20 == 0 else 200, "reason": ""},
            "request": {
                "began": _text(1_700_000_000_000 + mixed % 86_400_000),
                "verb": "get",
                "user": {"name": f"user-{mixed % 3_000}", "groups": ["all"]},
            },
        }


def _wide() -> Iterator[Event]:
    for n in count():
        mixed = n * _MIX % (1 << 31)
        yield {
            "payload": {
                "name": f"name-{mixed % 20}",
                "message": f"order {mixed % 1_000} stored in {mixed % 7} ms",
                "value": (mixed % 1_000_000) / 1_000.0,
                "other": None if mixed % 5 == 0 else (mixed % 9_000) / 7.0,
                "count": mixed % 100,
                "ok": mixed % 50 != 0,
                "took": mixed % 10_000,
            },
            "context": {
                "key": f"key-{mixed // 20 % KEYS}",
                "group": f"group-{mixed % GROUPS}",
                "user": f"user-{mixed % 3_000}",
                "labels": {"pod": f"pod-{mixed // 20 % 100}", "zone": f"zone-{mixed % 3}", **_LABELS[mixed % 5]},
                "source": "calibration",
            },
        }


def _listed() -> Iterator[Event]:
    for n in count():
        mixed = n * _MIX % (1 << 31)
        tags = [f"10.0.0.{mixed % 250}"] * (mixed % 3)
        yield {"payload": {"value": mixed % 1_000 / 1.0, "tags": tags}, "context": {"key": f"key-{mixed % KEYS}"}}


def _narrow() -> Iterator[Event]:
    for n in count():
        mixed = n * _MIX % (1 << 31)
        yield {"payload": {"value": (mixed % 1_000_000) / 1_000.0}, "context": {"key": f"key-{mixed % KEYS}"}}


def _spans() -> Iterator[Event]:
    for trace in count():
        for i in range(CALLS):
            yield {
                "payload": {"operation": f"call-{i}", "took": 5_000 + (trace * 7 + i) % 900 * 50, "status": "OK"},
                "context": {
                    "trace_id": f"{trace:032x}",
                    "span_id": f"{trace * CALLS + i:016x}",
                    "parent_id": None if i == 0 else f"{trace * CALLS:016x}",
                    "service": f"service-{i}",
                },
            }


_LINES: Final[dict[str, Callable[[], Iterator[Event]]]] = {
    "wide": _wide,
    "narrow": _narrow,
    "spans": _spans,
    "listed": _listed,
}
