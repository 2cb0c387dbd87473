"""Records as lines of bytes: counted, cut and thinned without decoding them.

A record is a line that holds more than white space; blank lines count for nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from slac.stream.ports import Records

_LF: Final = 10
_SPACE: Final = 32
_OPEN, _CLOSE = ord("{"), ord("}")


@dataclass(frozen=True, slots=True)
class Lines:
    """Where the records of a block begin and end (Int64 offsets, the line end not included)."""

    data: bytes
    starts: npt.NDArray[np.int64]
    ends: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.starts)

    def __getitem__(self, index: int) -> bytes:
        return self.data[self.starts[index] : self.ends[index]]

    def look_like_objects(self) -> bool:
        """True if every line begins with `{` and ends with `}`.

        Then no JSON value can reach over a line end: inside a value, `}` is never followed by `{`. So if there are as
        many values as lines, each line holds exactly one.
        """
        if not len(self):
            return True
        bytes_ = np.frombuffer(self.data, dtype=np.uint8)
        return bool((bytes_[self.starts] == _OPEN).all() and (bytes_[self.ends - 1] == _CLOSE).all())


def find_lines(ndjson: bytes) -> Lines:
    """The records of a block."""
    bytes_ = np.frombuffer(ndjson, dtype=np.uint8)
    breaks = np.flatnonzero(bytes_ == _LF)
    starts = np.concatenate((np.zeros(1, dtype=np.int64), breaks + 1))
    ends = np.concatenate((breaks, np.full(1, len(ndjson), dtype=np.int64)))
    if starts[-1] == len(ndjson):
        starts, ends = starts[:-1], ends[:-1]
    suspects = np.flatnonzero(bytes_[starts] <= _SPACE)
    if len(suspects):
        blank = [i for i in suspects.tolist() if not ndjson[starts[i] : ends[i]].strip()]
        starts, ends = np.delete(starts, blank), np.delete(ends, blank)
    return Lines(ndjson, starts, ends)


def split_lines(ndjson: bytes) -> list[bytes]:
    """The records of a block, without line ends."""
    lines = find_lines(ndjson)
    return [ndjson[start:end] for start, end in zip(lines.starts.tolist(), lines.ends.tolist(), strict=True)]


def count_records(ndjson: bytes) -> int:
    """How many records a block holds."""
    return len(find_lines(ndjson))


def count_of(records: Records) -> int:
    """How many records these are, in whatever form they came."""
    if records.arrow is not None:
        return records.arrow.height
    return records.frame.height if records.frame is not None else count_records(records.ndjson or b"")


def take_lines(ndjson: bytes, mask: Sequence[bool] | npt.NDArray[np.bool_], lines: Lines | None = None) -> bytes:
    """The block of those records whose place in `mask` is true; `mask` has one entry per record.

    `lines`: what `find_lines` says of the block, where that is known.
    """
    keep = np.asarray(mask, dtype=np.bool_)
    lines = find_lines(ndjson) if lines is None else lines
    if len(lines) != len(keep):
        raise ValueError(f"the mask has {len(keep)} entries for {len(lines)} records")
    starts, ends = _runs(lines, keep)
    taken = b"".join([ndjson[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)])
    return taken if taken.endswith(b"\n") or not taken else taken + b"\n"


def lines_taken(taken: bytes, lines: Lines, mask: npt.NDArray[np.bool_]) -> Lines:
    """What `find_lines` says of what `take_lines` has made of `lines` by `mask`."""
    lengths = (lines.ends - lines.starts)[mask]
    ends = np.cumsum(lengths + 1) - 1
    return Lines(taken, ends - lengths, ends)


def _runs(lines: Lines, keep: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where kept records lie one behind the other: to cut each out alone takes six times as long where most are."""
    follows = np.zeros(len(keep) + 1, np.bool_)
    # Where a blank line lies between them, they do not.
    follows[1:-1] = keep[1:] & keep[:-1] & (lines.starts[1:] == lines.ends[:-1] + 1)
    return lines.starts[keep & ~follows[:-1]], lines.ends[keep & ~follows[1:]] + 1
