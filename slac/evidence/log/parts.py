"""The account of a segment's files: a line for each that is whole, with what is needed to tell that it still is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import msgspec
import polars as pl
import xxhash

from slac.evidence.log.layout import EDGES, ENDING, ORDER, PARTS, ROWS, UNFINISHED

PartKind = Literal["order", "rows", "edges", "state"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a segment: `file` below its folder, `digest` xxh3 of its bytes, `first` and `last` `_seq` in it.

    `low`, `high`: the lowest and highest `_time` (µs) of rows.
    """

    file: str
    kind: PartKind
    node: str = ""
    rows: int
    bytes: int
    digest: str
    first: int
    last: int
    low: int | None = None
    high: int | None = None


_KINDS: Final[Mapping[str, PartKind]] = MappingProxyType({ORDER: "order", ROWS: "rows", EDGES: "edges"})
_encoder = msgspec.json.Encoder()


def digest_of(path: Path) -> str:
    """xxh3 of a file, 16 hex digits; OSError as reading."""
    return xxhash.xxh3_64_hexdigest(path.read_bytes())


def append_parts(segment: Path, parts: list[Part]) -> int:
    """Account for files that are whole now; returns the bytes written."""
    lines = b"".join(_encoder.encode(part) + b"\n" for part in parts)
    with (segment / PARTS).open("ab") as file:
        file.write(lines)
    return len(lines)


def replace_parts(segment: Path, parts: list[Part]) -> None:
    """A new account in place of the one before, whole or not at all."""
    path = segment / PARTS
    unfinished = path.with_suffix(UNFINISHED)
    unfinished.write_bytes(b"".join(_encoder.encode(part) + b"\n" for part in parts))
    unfinished.replace(path)


def read_parts(segment: Path) -> tuple[list[Part], str]:
    """The files of a segment, and what is wrong with the account (empty: nothing)."""
    try:
        lines = (segment / PARTS).read_bytes().split(b"\n")
    except FileNotFoundError:
        has_files = next(segment.rglob(f"*{ENDING}"), None) is not None
        return [], "has no account of its files" if has_files else ""
    except OSError as error:
        return [], f"has no account of its files: {error.strerror}"
    found: list[Part] = []
    for number, line in enumerate(lines, 1):
        if not line:
            continue
        try:
            found.append(msgspec.json.decode(line, type=Part))
        except msgspec.DecodeError:
            torn = number == len(lines)
            return found, "" if torn else f"the account of its files is damaged at line {number}"
    return found, ""


def unlisted(segment: Path, parts: Sequence[Part]) -> Iterator[tuple[str, int]]:
    """Files that have no line, below the folder of the segment, with their rows; 0 where nobody can tell.

    What a listed file holds as well is none of them: many small files become one, and go then.
    """
    known = {part.file for part in parts}
    for path in sorted(segment.rglob(f"*{ENDING}")):
        file = path.relative_to(segment).as_posix()
        kind = _KINDS.get(path.name.split(".", 1)[0])
        if kind is None or file in known:
            continue
        try:
            seqs = pl.read_parquet(path, columns=["_seq"])["_seq"]
        except (OSError, pl.exceptions.PolarsError):
            yield file, 0
            continue
        same = (p for p in parts if p.kind == kind and p.file.rpartition("/")[0] == file.rpartition("/")[0])
        if seqs.len() and not any(p.first <= seqs.min() and seqs.max() <= p.last for p in same):  # type: ignore[operator]
            yield file, seqs.len()
