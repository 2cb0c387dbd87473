"""Every verdict of logs, made again from nothing but its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec
import polars as pl

from slac.diagnostics import UsageError, listed, suggest
from slac.evidence.lineage import LOG, LogRows, Sight
from slac.evidence.lineage.sight import NOTHING, RowSource
from slac.evidence.log.nodes import verdict_nodes
from slac.evidence.log.reader import LogDirectory
from slac.evidence.recorder.history import QUIET
from slac.evidence.replay.again import said_again
from slac.evidence.why.values import instant
from slac.stream.batch import ID, REVISION, TIME
from slac.stream.ids import format_id

SAID: Final = ("kind", "state", "previous", "verdict", "violation", "severity", "message")
"""What a verdict says, beside its key; since when it holds may stand in a witness."""


class VerdictsAgain(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the verdicts of one block: `same` of `verdicts` were made again with the same id.

    `differs`, `gone`: those that come out otherwise, and those that do not come out, because what they were made of
    is not all there; each in a sentence. `partly`: so many of those that are the same rest on rows that were taken as
    they were logged, because what these were made of is not there; `lacking` are their nodes. `restated`: corrections
    of what was said before; they are not made alone.
    """

    block: str
    verdicts: int
    same: int
    restated: int = 0
    partly: int = 0
    lacking: list[str] = []
    differs: list[str] = []
    gone: list[str] = []


class EvidenceAgain(msgspec.Struct, frozen=True, kw_only=True):
    """The verdicts of runtimes that ran one plan."""

    document: str
    runtimes: list[str]
    blocks: list[VerdictsAgain]
    gaps: list[str] = []


def replay_evidence(logs: Sequence[LogDirectory], *, block: str | None = None) -> EvidenceAgain:
    """Make each verdict (of `block`) again; `logs` are of one plan. UsageError where no such block says verdicts."""
    plan = logs[0].plan
    nodes = {plan[i].block: i for i in sorted(verdict_nodes(plan))}
    if block is not None and block not in nodes:
        hint = suggest(block, sorted(nodes))
        known = hint or f"audits and violations: {listed(sorted(nodes)) or 'none'}"
        raise UsageError(f'"{block}" says no verdicts; {known}')
    sight = Sight(plan, _Read(LogRows(logs)))
    chosen = nodes if block is None else {block: nodes[block]}
    blocks = [_of_block(sight, name, node) for name, node in chosen.items() if sight.rows(node).height]
    return EvidenceAgain(
        document=plan.document,
        runtimes=[f"{log.header.node}/{log.header.instance}" for log in logs],
        blocks=blocks,
        gaps=list(dict.fromkeys(str(d) for log in logs for d in log.check())),
    )


class _Read:
    """A source of rows that reads each file once."""

    def __init__(self, source: RowSource) -> None:
        self._source = source
        self._rows: dict[str, pl.DataFrame] = {}
        self._edges: dict[str, pl.DataFrame] = {}
        self.nodes = source.nodes

    def rows(self, node: str, *, low: int | None = None, high: int | None = None) -> pl.DataFrame:
        """As `RowSource.rows`."""
        if node not in self._rows:
            # A run that went on from a checkpoint, or from what was held, may have logged a row again.
            self._rows[node] = _once(self._source.rows(node)) if node in self.nodes else NOTHING
        rows, time = self._rows[node], pl.col(TIME).cast(pl.Int64)
        if low is not None:
            rows = rows.filter(time >= low)
        return rows if high is None else rows.filter(time <= high)

    def edges(self, node: str) -> pl.DataFrame:
        """As `RowSource.edges`."""
        if node not in self._edges:
            self._edges[node] = self._source.edges(node)
        return self._edges[node]


def _once(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.unique([LOG, "_seq", ID], keep="first", maintain_order=True) if rows.height else rows


def _of_block(sight: Sight, block: str, node: str) -> VerdictsAgain:
    rows = sight.rows(node).filter(~pl.col("kind").is_in(QUIET)).unique([LOG, ID], keep="last", maintain_order=True)
    restated = rows.filter(pl.col(REVISION).fill_null(0) != 0).height if REVISION in rows.columns else 0
    differs: list[str] = []
    gone: list[str] = []
    same = partly = 0
    every: set[str] = set()
    for row in rows.iter_slices(1):
        if REVISION in row.columns and row[REVISION].fill_null(0).item() != 0:
            continue
        told = f"{format_id(row[ID].item())} of {instant(row[TIME].item())}"
        lacking: set[str] = set()
        again = said_again(sight, node, row, lacking)
        if not again.height:
            gone.append(f"{told} is not made again: what it was made of is not all there")
            continue
        unlike = next(_unlike(row.row(0, named=True), again.row(0, named=True)), None)
        if unlike is None:
            same += 1
            partly += bool(lacking)
            every |= lacking
        else:
            differs.append(f"{told}: {unlike}")
    return VerdictsAgain(
        block=block,
        verdicts=rows.height,
        same=same,
        restated=restated,
        partly=partly,
        lacking=sorted(every),
        differs=differs,
        gone=gone,
    )


def _unlike(was: Mapping[str, object], now: Mapping[str, object]) -> Iterator[str]:
    for name in SAID:
        if name in was and was[name] != now.get(name):
            yield f"{name} was {was[name]!r}, and is {now.get(name)!r}"
