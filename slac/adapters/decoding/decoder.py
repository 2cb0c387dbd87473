"""One decoder for what inputs hand over, whatever its form."""

from dataclasses import replace

from slac.adapters.decoding.arrow import frame_of_body
from slac.adapters.decoding.frames import FrameDecoder
from slac.adapters.decoding.intervals import IntervalCheck
from slac.adapters.decoding.lines import Lines, find_lines
from slac.adapters.decoding.ndjson import NdjsonDecoder
from slac.adapters.decoding.result import Decoded
from slac.adapters.decoding.sampled import SampledCheck
from slac.adapters.decoding.types import TypeCheck
from slac.adapters.decoding.wire import WireSchema
from slac.stream.ports import Records


class Decoder:
    """Turns `Records` of one event type into typed columns. Keeps no state between calls; safe in a worker thread."""

    def __init__(self, schema: WireSchema) -> None:
        """ValueError with a sentence where the schema's map contradicts itself."""
        self._ndjson = NdjsonDecoder(schema)
        self._frames = FrameDecoder(schema)
        self._checks: list[TypeCheck | IntervalCheck | SampledCheck] = [TypeCheck(schema)] if schema.types else []
        if schema.until is not None:
            self._checks.append(IntervalCheck(schema, schema.until))
        if schema.sampled is not None:
            self._checks.append(SampledCheck(schema, schema.sampled))

    def decode(self, records: Records, lines: Lines | None = None) -> Decoded:
        """Decode all records. Never raises for what they hold: that goes to `quarantined`.

        `lines`: where the records of `ndjson` stand, for a caller who has looked already.
        """
        if records.arrow is not None:
            records = replace(records, arrow=None, frame=frame_of_body(records.arrow))
        decoded = self._decode(records, lines)
        for check in self._checks:
            decoded = check.check(decoded, records)
        return decoded

    def _decode(self, records: Records, lines: Lines | None) -> Decoded:
        if records.ndjson is not None:
            return self._ndjson.decode(lines or find_lines(records.ndjson), records.arrival)
        if records.frame is not None:
            return self._frames.decode(records.frame, records.arrival)
        raise ValueError(f"the records of {records.source!r} hold neither NDJSON nor a frame")
