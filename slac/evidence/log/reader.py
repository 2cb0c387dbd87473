"""Reads logs: what is whole of them, and what is missing or damaged, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import polars as pl

from slac.diagnostics import UsageError
from slac.evidence.log.entries import SCHEMA
from slac.evidence.log.frames import SEQ
from slac.evidence.log.header import REDUCED, BadSegment, Header, read_header, read_plan
from slac.evidence.log.layout import is_log, place_of, segment_numbers, segment_path
from slac.evidence.log.parts import Part, PartKind, digest_of, read_parts, unlisted
from slac.evidence.log.states import BadState, read_state
from slac.plan.graph import Plan
from slac.runtime.operator import State
from slac.stream.batch import ID, TIME


class NotLogged(UsageError):
    """No log has what was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """Something of a log that is not there or not whole: `what` is a sentence; `rows` of `node` that it held."""

    place: Path
    what: str
    node: str = ""
    rows: int = 0

    def __str__(self) -> str:
        lost = f" ({self.rows} rows of {self.node})" if self.rows and self.node else ""
        return f"{self.place}: {self.what}{lost}"


@dataclass(slots=True)
class LogSegment:
    """A segment whose header could be read. Files are checked when they are first read."""

    path: Path
    header: Header
    parts: list[Part]
    damage: list[Damage] = field(default_factory=list)
    _checked: dict[str, bool] = field(default_factory=dict)

    def frames(
        self, kind: PartKind, node: str = "", *, low: int | None = None, high: int | None = None
    ) -> Iterator[pl.DataFrame]:
        """What is whole of a node's files, where rows may have a `_time` (µs) from `low` to `high`."""
        for part in self.parts:
            if (part.kind, part.node) == (kind, node) and _meets(part, low, high) and self._is_whole(part):
                yield pl.read_parquet(self.path / part.file)

    def having(self, node: str, row_id: int) -> Iterator[pl.DataFrame]:
        """Rows of a node with this id."""
        for part in self.parts:
            if (part.kind, part.node) == ("rows", node) and self._is_whole(part):
                rows = pl.scan_parquet(self.path / part.file).filter(pl.col(ID) == row_id).collect()
                if rows.height:
                    yield rows

    def state(self, seq: int) -> dict[str, State] | None:
        """What blocks held at this entry; None where that is not whole."""
        part = next((p for p in self.parts if p.kind == "state" and p.first == seq), None)
        if part is None or not self._is_whole(part):
            return None
        try:
            return read_state(self.path / part.file)
        except BadState as error:
            self.damage.append(Damage(place=self.path / part.file, what=str(error)))
            return None

    def check(self) -> list[Damage]:
        """Look at every file; returns all that is wrong."""
        for part in self.parts:
            self._is_whole(part)
        return self.damage

    def _is_whole(self, part: Part) -> bool:
        if part.file not in self._checked:
            trouble = self._trouble(part)
            self._checked[part.file] = not trouble
            if trouble:
                self.damage.append(Damage(place=self.path / part.file, what=trouble, node=part.node, rows=part.rows))
        return self._checked[part.file]

    def _trouble(self, part: Part) -> str:
        path = self.path / part.file
        try:
            if path.stat().st_size != part.bytes:
                return f"has {path.stat().st_size} bytes of {part.bytes}"
            return "" if digest_of(path) == part.digest else "its bytes are not those that were written"
        except OSError as error:
            return f"cannot be read: {error.strerror}"


class LogDirectory:
    """The log of one runtime. UsageError where there is none in `place`; what of it is damaged is in `damage`."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.segments: list[LogSegment] = []
        self._damage: list[Damage] = []
        for number in segment_numbers(place):
            self._read(segment_path(place, number), number)
        if not self.segments:
            told = "; ".join(map(str, self._damage))
            raise UsageError(f"{place} is not the log of a runtime{f': {told}' if told else ''}")
        self.segments.sort(key=lambda s: (s.header.number, s.header.first))
        self._leave_out_strangers()
        self._find_gaps()

    @property
    def header(self) -> Header:
        """The newest header."""
        return self.segments[-1].header

    @property
    def damage(self) -> list[Damage]:
        """All that was found wrong so far; `check` looks at every file."""
        return [*self._damage, *(d for s in self.segments for d in s.damage)]

    @cached_property
    def plan(self) -> Plan:
        """The whole plan of the newest segment whose plan can be read; BadSegment where there is none."""
        return self.plan_of(self.segments[-1].header.meaning)

    def plan_of(self, meaning: str) -> Plan:
        """The plan with this meaning; BadSegment where no segment has it."""
        trouble: BadSegment | None = None
        for segment in reversed(self.segments):
            if segment.header.meaning != meaning:
                continue
            try:
                return read_plan(segment.path)
            except BadSegment as error:
                trouble = error
        raise trouble or BadSegment(f"{self.place} has no plan with the meaning {meaning}")

    def by_meaning(self) -> list[LogDirectory]:
        """The same log, parted where the document has changed what it means: rows of one are not those of another."""
        return [self._of(meaning) for meaning in dict.fromkeys(s.header.meaning for s in self.segments)]

    def _of(self, meaning: str) -> LogDirectory:
        made = copy(self)
        made.segments = [s for s in self.segments if s.header.meaning == meaning]
        vars(made).pop("plan", None)
        return made

    @property
    def nodes(self) -> list[str]:
        """Nodes of which there are rows."""
        return sorted({p.node for s in self.segments for p in s.parts if p.kind == "rows"})

    def check(self) -> list[Damage]:
        """Look at every file; returns all that is wrong."""
        for segment in self.segments:
            segment.check()
        return self.damage

    def rows(self, node: str, *, low: int | None = None, high: int | None = None) -> pl.DataFrame:
        """Rows of a node, `_time` from `low` to `high` (µs), as `slac.evidence.log.frames` says; in order of `_seq`."""
        frames = [f for s in self.segments for f in s.frames("rows", node, low=low, high=high)]
        if not frames:
            return pl.DataFrame()
        return _between(_joined(frames), low, high)

    def find(self, node: str, row_id: int) -> pl.DataFrame | None:
        """The row of a node with this id, as it was said last; None where there is none."""
        found = [f for s in self.segments for f in s.having(node, row_id)]
        return _joined(found).tail(1) if found else None

    def edges(self, node: str) -> pl.DataFrame:
        """What rows of a node consumed (`_seq`, `_id`, `_consumed`), where that was logged."""
        frames = [f for s in self.segments for f in s.frames("edges", node)]
        return _joined(frames) if frames else pl.DataFrame()

    def order(self) -> pl.DataFrame:
        """All entries, in order."""
        frames = [f for s in self.segments for f in s.frames("order")]
        return _joined(frames) if frames else pl.DataFrame(schema=SCHEMA)

    def _read(self, path: Path, number: int) -> None:
        try:
            header = read_header(path)
        except BadSegment as error:
            self._damage.append(Damage(place=path, what=str(error).removeprefix(f"{path} ")))
            return
        parts, trouble = read_parts(path)
        self.segments.append(LogSegment(path, header, parts))
        if trouble:
            self._damage.append(Damage(place=path, what=trouble))
        self._damage += _left_over(path, parts)
        if header.number != number:
            self._damage.append(Damage(place=path, what=f"was written as segment {header.number}"))

    def _leave_out_strangers(self) -> None:
        """What belongs to another runtime, and what is here twice."""
        owners = {_owner(s): s.header for s in self.segments}
        named = [o for o in owners if place_of(self.place.parent, *o) == self.place]
        own = named[0] if named else _owner(self.segments[-1])
        kept: list[LogSegment] = []
        for segment in self.segments:
            header = segment.header
            if _owner(segment) != own:
                what = f"belongs to {header.document} on {header.node}/{header.instance}, and is left out"
            elif kept and kept[-1].header.number == header.number:
                what = f"is segment {header.number} a second time, and is left out"
            else:
                kept.append(segment)
                continue
            self._damage.append(Damage(place=segment.path, what=what))
        self.segments = kept

    def _find_gaps(self) -> None:
        for before, after in zip(self.segments, self.segments[1:], strict=False):
            missing = after.header.number - before.header.number - 1
            # What was all noise has gone whole.
            if missing and before.header.mode != REDUCED:
                what = (
                    f"{missing} segment{'s' if missing > 1 else ''} before it {'are' if missing > 1 else 'is'} missing"
                )
                self._damage.append(Damage(place=after.path, what=what))


def of_one_plan(logs: Sequence[LogDirectory]) -> list[list[LogDirectory]]:
    """Logs that belong together, because their runtimes ran one plan; the newest first."""
    groups: dict[str, list[LogDirectory]] = {}
    for log in logs:
        for part in log.by_meaning():
            groups.setdefault(part.header.meaning, []).append(part)
    newest = {
        meaning: max((log.header.opened, log.header.number) for log in group) for meaning, group in groups.items()
    }
    return [groups[meaning] for meaning in sorted(newest, key=newest.__getitem__, reverse=True)]


def open_logs(places: Sequence[Path]) -> list[LogDirectory]:
    """Logs of runtimes: each place is one, or a folder of them. UsageError where there is none."""
    found = [LogDirectory(log) for place in places for log in _logs_in(place)]
    if not found:
        named = ", ".join(map(str, places))
        raise NotLogged(f"there is no log in {named}: say --log DIR (what `logging.directory` says)")
    return found


def _logs_in(place: Path) -> Iterable[Path]:
    if is_log(place):
        return [place]
    return sorted(p for p in place.iterdir() if p.is_dir() and is_log(p)) if place.is_dir() else []


def _owner(segment: LogSegment) -> tuple[str, str, str]:
    return segment.header.document, segment.header.node, segment.header.instance


def _left_over(segment: Path, parts: Sequence[Part]) -> Iterator[Damage]:
    """By node the files that no line of the account speaks of."""
    found: dict[str, list[int]] = {}
    for file, rows in unlisted(segment, parts):
        found.setdefault(file.rpartition("/")[0], []).append(rows)
    for node, counts in found.items():
        many = "a file has" if len(counts) == 1 else f"{len(counts)} files have"
        verb = "is" if len(counts) == 1 else "are"
        what = f"{many} no line in parts.ndjson (as after a crash), and {verb} not read"
        yield Damage(place=segment / node, what=what, node=node, rows=sum(counts))


def _meets(part: Part, low: int | None, high: int | None) -> bool:
    if part.low is None or part.high is None:
        return True
    return (low is None or part.high >= low) and (high is None or part.low <= high)


def _joined(frames: list[pl.DataFrame]) -> pl.DataFrame:
    joined = frames[0] if len(frames) == 1 else pl.concat(frames, how="diagonal_relaxed")
    seq = joined[SEQ]
    return joined if seq.is_sorted() else joined.sort(SEQ, maintain_order=True)


def _between(frame: pl.DataFrame, low: int | None, high: int | None) -> pl.DataFrame:
    time = pl.col(TIME).cast(pl.Int64)
    if low is not None:
        frame = frame.filter(time >= low)
    return frame if high is None else frame.filter(time <= high)
