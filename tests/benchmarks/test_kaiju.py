"""Kaiju's load: what is fed is what the rule sets read, at the rates of the paper."""

from pathlib import Path

import msgspec

from benchmarks import kaiju
from benchmarks.kaiju.feed import LOGS, METRICS, SPANS, Feed
from benchmarks.kaiju.waves import Pair
from slac.compiler import CompileOptions, compile_paths
from slac.testing import Harness

NOW = 1_700_000_000_000_000
SLICES = 2


def test_a_second_holds_as_many_events_as_the_paper_says() -> None:
    """In slices of equal size."""
    feed = Feed(SLICES)
    slices = [feed.slice(NOW + i) for i in range(SLICES)]
    counts = {name: sum(len(s[name].splitlines()) for s in slices) for name in slices[0]}
    assert counts == {"metrics": METRICS, "logs": LOGS, "spans": SPANS}


def test_the_rules_have_something_to_find() -> None:
    """Nothing is set aside, and what a rule of each kind looks for is there."""
    document = Path(kaiju.__file__).parent / "load.yaml"
    harness = Harness(compile_paths([str(document)], CompileOptions(parameters={"window": "1s"}))[0].plan, start=NOW)
    feed = Feed(SLICES)
    for turn in range(3 * SLICES):
        for name, lines in feed.slice(NOW + turn * 1_000_000 // SLICES).items():
            assert msgspec.json.decode(lines.splitlines()[0])
            harness.give(name, lines)
    harness.end()
    assert not harness.refused
    for block in ("cpu.high_cpu", "memory.near_memory_limit", "use.cpu", "levels.levels", "operations.usage"):
        assert harness.published(block).height, block


def test_latency_counts_from_the_first_later_events() -> None:
    """A result of 2.0 s can be known when events of 2.05 s are handed over; what passed before `since` is left out."""
    seen = kaiju.Seen(handed=[(2.0, 7.0), (2.05, 7.1), (2.1, 7.2)])
    seen.results = [("b", 1.999, 7.25), ("b", 2.0, 7.25), ("c", 2.05, 7.5), ("c", 2.1, 7.6)]
    assert [(b, round(ms)) for b, ms in seen.latencies(since=7.1)] == [("b", 150), ("c", 300)]


def test_what_waits_is_not_worked_on_in_each_wave() -> None:
    """Both ways count the same rows; one of them calls windows with few of them."""
    made = []
    for waits in (True, False):
        pair, feed = Pair(waits=waits), Feed(20)
        for turn in range(3):
            now = NOW + turn * 50_000
            pair.wave(feed.slice(now), now, ticks=False)
        made.append({side: dict(core.flow.rows) for side, core in pair.cores.items()})
        assert len(pair.taken["edge"]) == 3
    assert made[0] == made[1]
