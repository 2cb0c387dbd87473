"""The rows that compare with other engines: results first, then times, in turns."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Final

import polars as pl

from benchmarks.agreement import check_agreement
from benchmarks.engine.cases import BYTEWAX, CASES, ESPER, Case, Form
from benchmarks.engine.events import input_file
from benchmarks.measure import medians
from benchmarks.peers import Absent, Peer, bytewax, esper
from benchmarks.peers.process import Process
from benchmarks.report import Row, row
from slac.diagnostics import RunFailed

RUNS: Final = 5
WARM: Final = 1
"""Passes that are not counted, besides the one that is checked."""
UNIT: Final = "M events/CPU s"
PEERS: Final[Mapping[str, Callable[[], Peer | Absent]]] = MappingProxyType(
    {ESPER: esper.install, BYTEWAX: bytewax.install}
)


def rows(cases: tuple[Case, ...] = CASES, *, most: int | None = None) -> Iterator[Row]:
    """One row a case and form of a peer (at `most` so many); a peer that is absent has rows without a ratio."""
    peers = {name: install() for name, install in PEERS.items()}
    for case in cases:
        for form in case.peers[:most]:
            yield _measured(case, form, peers[form.peer])


def versions() -> dict[str, str]:
    """Of each peer, or that it is absent and why."""
    return {name: install().version for name, install in PEERS.items()}


def _measured(case: Case, form: Form, peer: Peer | Absent) -> Row:
    with ExitStack() as open_:
        ours = open_.enter_context(Process(_ours(case, case.events)))
        if isinstance(peer, Absent):
            taken = _timed({"slac": ours})
            return _row(case, form, taken, f"{peer.name} (absent: {peer.reason})")
        theirs = open_.enter_context(Process(_theirs(case, form, peer)))
        try:
            check(case, form, theirs)
        except RunFailed as failure:
            if form.may_differ:
                taken = _timed({"slac": ours})
                return _row(case, form, taken, f"{peer.name} (does not agree: {failure})")
            raise RunFailed(f"{case.title}, {peer.name} {form.said}: {failure}") from failure
        taken = _timed({"slac": ours, "peer": theirs})
        return _row(case, form, taken, f"{peer.name}, {form.said}" if form.said else peer.name)


def check(case: Case, form: Form, theirs: Process) -> None:
    """RunFailed unless the peer says the same rows as we do about its events."""
    with TemporaryDirectory() as folder, Process(_ours(case, _events(case, form))) as ours:
        mine, other = Path(folder) / "slac.arrow", Path(folder) / "peer.csv"
        ours.write_results(mine)
        theirs.write_results(other)
        schema = {name: kind() for name, kind in case.schema.items()}
        read = pl.read_csv(other, has_header=False, schema=schema)
        check_agreement(pl.read_ipc(mine), read, [name for name, kind in case.schema.items() if kind != pl.Float64])


def _timed(subjects: Mapping[str, Process]) -> dict[str, float]:
    for subject in subjects.values():
        for _ in range(WARM):
            subject.seconds()
    return medians({name: subject.seconds for name, subject in subjects.items()}, RUNS)


def _row(case: Case, form: Form, taken: Mapping[str, float], peer: str) -> Row:
    value = case.events / taken["slac"] / 1e6
    rate = _events(case, form) / taken["peer"] / 1e6 if "peer" in taken else None
    return row(case.title, value, UNIT, peer=peer, peer_value=rate, bar=form.bar)


def _events(case: Case, form: Form) -> int:
    return form.events or case.events


def _ours(case: Case, events: int) -> list[str]:
    return [sys.executable, "-m", "benchmarks.engine.subject", case.name, str(events)]


def _theirs(case: Case, form: Form, peer: Peer) -> list[str]:
    kind = "ndjson" if case.form == "ndjson" else "csv"
    # What is looked up comes first: at one instant it is there before who asks for it.
    names = list(case.reads.values())[::-1]
    inputs = [(name, input_file(name, _events(case, form), kind)) for name in names]
    return peer.command(form.name, step=case.step, span=case.span, inputs=inputs)
