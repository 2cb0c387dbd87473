"""What a segment says of itself: which run of which document it belongs to, and in which format it is."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

import msgspec

from slac.diagnostics import SlacError
from slac.evidence.log.layout import FORMAT, HEADER, PLAN, UNFINISHED, WITHOUT_LINKS
from slac.plan.graph import Plan


class BadSegment(SlacError):
    """A segment that cannot be read as a whole; the text says which, and why."""


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first file of a segment.

    `meaning`, `digest`: of the plan. `run`: number of the segment that began this run; `first`: `_seq` of the first
    entry. `mode`: `full`; `evidence`: only what verdicts were made of is here; `reduced`: that is all that is left of a
    full one. `live`, `start`: how the core was made (`slac.runtime.core.Core`); `restored`: the checkpoint that the run
    went on from, 0 for none, -1 where its state was handed over when another plan was applied. `whole`: the log begins
    where the run does, and was not switched on later. `opened` is wall clock µs.
    """

    format: int = FORMAT
    slac: str = ""
    document: str
    digest: str = ""
    meaning: str
    node: str
    instance: str
    number: int
    run: int
    first: int
    mode: str
    live: bool
    start: int | None
    restored: int = 0
    whole: bool = True
    opened: int


class _Version(msgspec.Struct):
    """All that must be told of a header of any format."""

    format: int


REDUCED: Final = "reduced"


def write_header(segment: Path, header: Header, plan: bytes) -> int:
    """Begin a segment; `plan` is its JSON, packed by `packed`. Returns the bytes written."""
    segment.mkdir(parents=True, mode=0o700)
    (segment / PLAN).write_bytes(plan)
    text = msgspec.json.format(msgspec.json.encode(header), indent=2) + b"\n"
    (segment / HEADER).write_bytes(text)
    return len(text) + len(plan)


def replace_header(segment: Path, header: Header) -> None:
    """Another header in place of the one before, whole or not at all."""
    path = segment / HEADER
    unfinished = path.with_suffix(UNFINISHED)
    unfinished.write_bytes(msgspec.json.format(msgspec.json.encode(header), indent=2) + b"\n")
    unfinished.replace(path)


def packed(plan: Plan) -> bytes:
    """A plan as segments hold it: the same bytes for the same plan."""
    return gzip.compress(plan.to_json(), mtime=0)


def read_header(segment: Path) -> Header:
    """The header of a segment; BadSegment where there is none, or it is of a format that is not read here."""
    try:
        text = (segment / HEADER).read_bytes()
        version = msgspec.json.decode(text, type=_Version).format
        if version not in (WITHOUT_LINKS, FORMAT):
            raise BadSegment(f"{segment} is of format {version}; this slac reads formats {WITHOUT_LINKS} and {FORMAT}")
        return msgspec.json.decode(text, type=Header)
    except OSError as error:
        raise BadSegment(f"{segment} has no header: {error.strerror}") from error
    except msgspec.DecodeError as error:
        raise BadSegment(f"{segment / HEADER} is not the header of a log: {error}") from error


def read_plan(segment: Path) -> Plan:
    """The plan that ran; BadSegment where it cannot be read."""
    try:
        return Plan.from_json(gzip.decompress((segment / PLAN).read_bytes()))
    except (OSError, EOFError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BadSegment(f"{segment / PLAN}, the plan that ran, cannot be read: {why}") from error
