"""`slac replay`: a log run again, and what another document would have made of it."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from slac.cli.console import put, say
from slac.cli.documents import allows_functions, compile_quietly, functions_allowed
from slac.diagnostics import RunFailed, UsageError
from slac.stream.clock import SECOND, SystemClock

if TYPE_CHECKING:
    from slac.evidence.log import LogDirectory
    from slac.evidence.replay import Made, Said
    from slac.plan.graph import Plan

_SPEED: Final = re.compile(r"(\d+(?:\.\d+)?)x?")
DIFFERS: Final = 1
"""Exit code where results, or verdicts, are not the same."""


@click.command()
@click.argument("log", type=click.Path(path_type=Path))
@click.argument("document", required=False, type=click.Path())
@click.option("--from", "begin", metavar="BLOCK", help="Begin with this block, from what it had read.")
@click.option("--to", "end", metavar="BLOCK", help="End with this block.")
@click.option("--block", metavar="BLOCK", help="This block alone.")
@click.option(
    "--against", metavar="OLD", type=click.Path(), help="Compare with this document, not with what was logged."
)
@click.option(
    "--speed", metavar="10x", help="Let event time go by so much faster than the clock. Default: at full speed."
)
@click.option(
    "--evidence",
    is_flag=True,
    help="Make each verdict again from nothing but its evidence. So it is where a log holds nothing else.",
)
@click.option("--rows", "shown", multiple=True, metavar="BLOCK", help="Show the rows of this block as they are made.")
@click.option("--set", "assignments", multiple=True, metavar="NAME=VALUE", help="A parameter of the documents.")
@allows_functions
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def replay(  # noqa: PLR0913, PLR0917 - one parameter an option
    log: Path,
    document: str | None,
    begin: str | None,
    end: str | None,
    block: str | None,
    against: str | None,
    speed: str | None,
    evidence: bool,  # noqa: FBT001 - click passes it by name
    shown: tuple[str, ...],
    assignments: tuple[str, ...],
    form: str,
) -> int:
    """Run LOG again: a log of a runtime, or a folder of those of several.

    Without DOCUMENT by the one that wrote it: every row must come out the same to the bit. With DOCUMENT: which
    verdicts would have been other ones, and why. Exit code 0: nothing differs; 1: something does; 4: the log is not
    whole, so that results of it may differ.
    """
    from slac.evidence.log import open_logs
    from slac.plan.user import activate

    logs = open_logs((log,))
    for one in logs:
        activate(one.plan.data.functions, allowed=functions_allowed())
    if document is None:
        if against is not None:
            raise UsageError("--against compares DOCUMENT with another one: say which document is to be tried")
        if evidence or not any(s.header.mode == "full" for one in logs for s in one.segments):
            if begin or end or speed or shown:
                raise UsageError("--from, --to, --speed and --rows need a full log; evidence is run verdict by verdict")
            return _evidence(logs, block, form)
        return _same(logs, begin or block, end or block, speed, shown, form)
    if begin or end or block or speed or shown or evidence:
        raise UsageError(
            "--from, --to, --block, --speed, --evidence and --rows go with the document that wrote the log"
        )
    return _changed(logs, document, against, assignments, form)


def _same(
    logs: Sequence[LogDirectory], begin: str | None, end: str | None, speed: str | None, shown: Sequence[str], form: str
) -> int:
    from slac.cli.replay_text import as_json, same_text
    from slac.evidence.replay import replay_same

    pace = _Pace(_factor(speed)) if speed is not None else None
    logs = _with_blocks(logs, [b for b in (begin, end, *shown) if b is not None])
    found = []
    for log in logs:
        watch = _Watch(log.plan.part(log.header.node), shown)
        extra: dict[str, Any] = {} if pace is None else {"pace": pace}
        found.append(replay_same(log, begin=begin, end=end, watch=watch, **extra))
    if form == "json":
        put(as_json(found))
    elif not shown:
        put(same_text(found))
    # What differs where something is missing says nothing of the document.
    if any(not f.same and not f.gaps for f in found):
        return DIFFERS
    return RunFailed.exit_code if any(f.gaps for f in found) else 0


def _evidence(logs: Sequence[LogDirectory], block: str | None, form: str) -> int:
    from slac.cli.replay_text import as_json, evidence_text
    from slac.evidence.log import of_one_plan
    from slac.evidence.replay import replay_evidence

    found = [replay_evidence(group, block=block) for group in of_one_plan(logs)]
    put(as_json(found) if form == "json" else "".join(map(evidence_text, found)))
    blocks = [b for one in found for b in one.blocks]
    if any(b.differs for b in blocks):
        return DIFFERS
    return RunFailed.exit_code if any(b.gone or b.partly for b in blocks) or any(one.gaps for one in found) else 0


def _changed(
    logs: Sequence[LogDirectory], document: str, against: str | None, assignments: tuple[str, ...], form: str
) -> int:
    from slac.cli.replay_text import as_json, back_test_text
    from slac.evidence.replay import differences, replay_changed
    from slac.plan.changes import collapsed, compare

    new, new_placed = _plans(document, assignments)
    made = replay_changed(logs, new)
    if against is None:
        # Verdicts are compared with those of the newest document that wrote the log.
        old_placed = logs[-1].plan
        old = collapsed(old_placed)
        # A log that is not whole says less than the run had said: both documents are given the same of it.
        before = replay_changed(logs, old) if made.gaps else None
    else:
        old, old_placed = _plans(against, assignments)
        before = replay_changed(logs, old)
    told = _logged(logs, old) if before is None else _said(before)
    found = differences(told, _said(made), compare(old, new, placed=(old_placed, new_placed)))
    gaps = list(dict.fromkeys([*made.gaps, *(before.gaps if before is not None else [])]))
    put(as_json(found) if form == "json" else back_test_text(found, made.events))
    for gap in gaps:
        say(f"not whole: {gap}")
    if gaps and against is None:
        say("so it is compared with what the document that wrote the log makes of the same events")
    if found.differences:
        return DIFFERS
    return RunFailed.exit_code if gaps else 0


def _plans(path: str, assignments: tuple[str, ...]) -> tuple[Plan, Plan]:
    """The plan of a document on one node, and as it is placed."""
    from slac.plan.user import activate

    collapsed = compile_quietly([path], assignments, collapse=True)
    if len(collapsed) != 1:
        raise UsageError(f'"{path}" holds {len(collapsed)} documents; a log is run through one')
    activate(collapsed[0].plan.data.functions, allowed=functions_allowed())
    return collapsed[0].plan, compile_quietly([path], assignments)[0].plan


def _said(made: Made) -> Said:
    from slac.evidence.replay import Said

    return Said(plan=made.plan, rows=made.frame)


def _logged(logs: Sequence[LogDirectory], plan: Plan) -> Said:
    import polars as pl

    from slac.evidence.replay import Said
    from slac.evidence.replay.whole import full_part

    # What was said where only evidence was logged is not said again: what led to it is not all there.
    logs = [full_part(log)[0] for log in logs]

    def rows(node: str) -> pl.DataFrame:
        frames = [log.rows(node) for log in logs if node in log.nodes]
        return pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()

    return Said(plan=plan, rows=rows)


def _with_blocks(logs: Sequence[LogDirectory], blocks: Sequence[str]) -> Sequence[LogDirectory]:
    """Those logs whose runtimes ran these blocks; all where that is none, so that one of them can say so."""
    held = [log for log in logs if set(blocks) <= {n.block for n in log.plan.part(log.header.node).nodes}]
    return held or logs


def _factor(speed: str) -> float:
    found = _SPEED.fullmatch(speed.strip())
    if found is None or not float(found[1]):
        raise UsageError(f'"{speed}" is no speed: write 10x, or 0.5x')
    return float(found[1])


class _Pace:
    """Lets event time go by `factor` times as fast as the clock, from the first watermark on."""

    def __init__(self, factor: float) -> None:
        self._factor = factor
        self._clock = SystemClock()
        self._begun: tuple[int, int] | None = None

    def __call__(self, reached: int) -> None:
        """Wait until it is time for this instant (µs)."""
        now = self._clock.now()
        if self._begun is None:
            if reached > 0:
                self._begun = now, reached
            return
        due = self._begun[0] + (reached - self._begun[1]) / self._factor
        if due > now:
            time.sleep((due - now) / SECOND)


class _Watch:
    """Shows the rows of some blocks as outputs publish them."""

    def __init__(self, part: Plan, blocks: Sequence[str]) -> None:
        self._exits = {n.id: n.block for n in part.nodes if n.block in blocks and n.id == n.block}
        self._document = part.document

    def __call__(self, node: str, batch: Any) -> None:
        """A batch that has left a node."""
        if node in self._exits:
            from slac.adapters.publication.records import to_ndjson

            put(to_ndjson(batch.frame, document=self._document, block=self._exits[node], kind="row").decode())
