"""Events that are intervals: an event that ends before it begins does not comply."""

from __future__ import annotations

from typing import Final

import polars as pl

from slac.adapters.decoding.aside import set_aside
from slac.adapters.decoding.result import Decoded
from slac.adapters.decoding.wire import WireSchema
from slac.stream.batch import TIME
from slac.stream.ports import Records
from slac.stream.types import Duration

_FINE: Final = "_slac_fine"


class IntervalCheck:
    """Sets rows aside whose interval has a negative length; one without an end is open, and complies."""

    def __init__(self, schema: WireSchema, until: str) -> None:
        declared, path = next((f, p) for f, p in schema.places() if f.name == until)
        self._place = ".".join(path)
        self._lasts = declared.dtype == Duration()
        column = pl.col(until)
        self._fine = (column >= pl.duration(microseconds=0)) if self._lasts else (column >= pl.col(TIME))

    def check(self, decoded: Decoded, records: Records) -> Decoded:
        """The rows that comply, and those that do not among the quarantined."""
        fine = decoded.frame.select(self._fine.fill_null(value=True).alias(_FINE)).to_series()
        what = "its length is negative" if self._lasts else "it lies before the event's timestamp"
        return set_aside(decoded, records, fine, lambda _: f"{self._place}: {what}")
