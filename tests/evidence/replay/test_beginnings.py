"""A replay begins where the log says what the blocks held: switched on at work, or with the oldest segments gone."""

from __future__ import annotations

import shutil
from pathlib import Path

import msgspec
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from slac.cli.main import main
from slac.evidence.log import LogDirectory
from slac.evidence.log.layout import segment_path
from slac.evidence.recorder import thread
from slac.evidence.replay import replay_same
from slac.plan.graph import Plan
from tests.evidence.replay.logged import LoggedRun
from tests.evidence.test_run_log import Run
from tests.evidence.test_run_log import plan as checks
from tests.runtime.random.documents import Drawn, documents
from tests.runtime.random.test_any_document import Event, histories, plan


def test_a_log_that_was_switched_on_at_work(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the middle of a window: what is compared is the part that is full, and it is the same; nothing is missing."""
    run = Run(tmp_path, checks("evidence"))
    for number in range(4):
        run.minute(number, ok=number != 2)
    run.book.switch("full", 0)
    for number in range(3, 9):
        run.minute(number, ok=number != 5)
    log = run.end()

    [minutes, bad] = replay_same(log).outcomes
    assert (minutes.logged, minutes.difference, bad.logged, bad.difference) == (6, "", 3, "")
    assert main(["replay", str(log.place)], environment={}) == 0
    said = capsys.readouterr().out
    assert "note: 1 segment holds only what verdicts were made of, and is left out" in said
    assert "note: the log was switched on when the runtime was at work already" in said


def test_a_log_whose_oldest_segments_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every log of full size is one day."""
    monkeypatch.setattr(thread, "ROWS", 60)
    monkeypatch.setattr(thread, "AGE", 1 << 60)
    chosen = checks()
    logging = msgspec.structs.replace(chosen.data.logging, max_size=250_000)
    run = Run(tmp_path, Plan(msgspec.structs.replace(chosen.data, logging=logging)))
    for number in range(200):
        run.minute(number, ok=number % 50 != 5)
    log = run.end()
    for number in (1, 2, 4):
        shutil.rmtree(segment_path(run.place, number), ignore_errors=True)
    found = replay_same(LogDirectory(run.place))

    assert log.segments
    assert all(o.same for o in found.outcomes)
    assert found.outcomes[0].logged > 20
    assert any("segments before it are gone" in note for note in found.notes)


def test_without_a_state_it_is_said(tmp_path: Path) -> None:
    """Where that file is damaged nothing says from where on rows can be trusted."""
    run = Run(tmp_path, checks("off"))
    run.minute(0, ok=True)
    run.book.switch("full", 0)
    run.minute(1, ok=False)
    log = run.end()
    next(log.segments[0].path.glob("state.*")).write_bytes(b"x")
    found = replay_same(LogDirectory(log.place))

    assert "the log was switched on when the runtime was at work already: what the blocks held then is" in found.gaps[0]
    assert any("state." in gap for gap in found.gaps)


@given(documents(), histories(), st.integers(1, 12), st.sets(st.integers(0, 12)), st.integers(0, 12))
@settings(max_examples=6, phases=[Phase.generate], deadline=None)
def test_any_document(
    tmp_path_factory: pytest.TempPathFactory, drawn: Drawn, events: list[Event], size: int, held: set[int], begin: int
) -> None:
    """Switched on anywhere, with what blocks hold said anywhere; then each block for itself."""
    logged = LoggedRun(plan(drawn, collapse=True), tmp_path_factory.mktemp("log"))
    for turn, first in enumerate(range(0, len(events), size)):
        if turn in held:
            logged.hold()
        if turn == begin:
            logged.switch()
        logged.give("m", events[first : first + size])
    logged.end()
    log = logged.log
    if len(log.segments) > 1:
        shutil.rmtree(log.segments[0].path)
        log = logged.log
    found = replay_same(log)
    assert [o.difference for o in found.outcomes if not o.same] == []
    assert found.gaps == ()
    for block in dict.fromkeys(o.block for o in found.outcomes):
        alone = replay_same(log, begin=block, end=block)
        assert [o.difference for o in alone.outcomes if not o.same] == []
