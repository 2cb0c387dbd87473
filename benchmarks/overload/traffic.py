"""What the feeder sends, round and round: requests in messages of one form, and what is true of each of them.

Nothing is random: whoever knows which messages were sent, and with which instant, knows every window's true result.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import orjson
import polars as pl

Form = Literal["ndjson", "arrow"]
EVENTS: Final[dict[Form, int]] = {"ndjson": 200, "arrow": 2_000}
"""Events of a message."""
MESSAGES: Final = 64
"""Different messages."""
ENDPOINTS: Final = 50
FAILING: Final = 0.01
WINDOW: Final = 2_000
"""Milliseconds, as in `load.yaml`."""
_PLACE: Final = 1_111_111_111_111
"""Stands for the instant (ms) of a message until it is sent; as many digits as any of this century."""


@dataclass(frozen=True, slots=True)
class Requests:
    """The events of one message."""

    endpoints: npt.NDArray[np.int64]
    ok: npt.NDArray[np.bool_]
    latency: npt.NDArray[np.float64]

    def facts(self) -> npt.NDArray[np.float64]:
        """By endpoint: how many, how many failed, and the sum of their latencies; ENDPOINTS x 3."""
        of, most = self.endpoints, ENDPOINTS
        columns = (
            np.bincount(of, minlength=most),
            np.bincount(of, weights=~self.ok, minlength=most),
            np.bincount(of, weights=self.latency, minlength=most),
        )
        return np.stack(columns, axis=1).astype(np.float64)


@cache
def requests(form: Form) -> list[Requests]:
    """Requests of endpoints of very different use, one in a hundred failed, with lognormal latencies."""
    draw, size = np.random.default_rng(11), EVENTS[form]
    return [
        Requests(
            np.minimum(draw.pareto(0.8, size).astype(np.int64), ENDPOINTS - 1),
            draw.random(size) >= FAILING,
            draw.lognormal(3, 1, size).round(2),
        )
        for _ in range(MESSAGES)
    ]


@cache
def facts(form: Form) -> npt.NDArray[np.float64]:
    """Of every message what is true of it; MESSAGES x ENDPOINTS x 3."""
    return np.stack([r.facts() for r in requests(form)])


def endpoint(number: int) -> str:
    """Its name."""
    return f"/orders/{number}"


def stamped(form: Form) -> list[Callable[[int], bytes]]:
    """The messages: each is made for the instant (ms) at which all of its events happen."""
    make = _lines if form == "ndjson" else _stream
    return [make(r) for r in requests(form)]


def _lines(of: Requests) -> Callable[[int], bytes]:
    rows = (
        {"timestamp": _PLACE, "payload": {"endpoint": endpoint(e), "ok": o, "latency": x}}
        for e, o, x in zip(of.endpoints.tolist(), of.ok.tolist(), of.latency.tolist(), strict=True)
    )
    text = b"".join(orjson.dumps(r) + b"\n" for r in rows)
    place = str(_PLACE).encode()
    return lambda at: text.replace(place, b"%d" % at)


def _stream(of: Requests) -> Callable[[int], bytes]:
    count, written = len(of.endpoints), io.BytesIO()
    frame = pl.DataFrame(
        {
            "timestamp": pl.Series([_PLACE] * count, dtype=pl.Int64),
            "endpoint": [endpoint(e) for e in of.endpoints.tolist()],
            "ok": of.ok,
            "latency": of.latency,
        }
    )
    frame.write_ipc_stream(written)
    number = struct.Struct("<q")
    before, after = written.getvalue().split(number.pack(_PLACE) * count)
    return lambda at: b"".join((before, number.pack(at) * count, after))
