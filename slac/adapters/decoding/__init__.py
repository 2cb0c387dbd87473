"""From raw records to typed columns; what does not comply with its type is set aside with a reason, never coerced."""

from slac.adapters.decoding.arrow import frame_of_body
from slac.adapters.decoding.decoder import Decoder
from slac.adapters.decoding.frames import find_column
from slac.adapters.decoding.lines import (
    Lines,
    count_of,
    count_records,
    find_lines,
    lines_taken,
    split_lines,
    take_lines,
)
from slac.adapters.decoding.reasons import without_values
from slac.adapters.decoding.result import ROW, Decoded, Quarantined
from slac.adapters.decoding.wire import TimeUnit, WireSchema

__all__ = [
    "ROW",
    "Decoded",
    "Decoder",
    "Lines",
    "Quarantined",
    "TimeUnit",
    "WireSchema",
    "count_of",
    "count_records",
    "find_column",
    "find_lines",
    "lines_taken",
    "frame_of_body",
    "split_lines",
    "take_lines",
    "without_values",
]
