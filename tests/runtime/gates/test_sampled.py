"""Spans that samplers have thinned before they come: what they stand for, and how a gate composes with a sampler."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source as Text
from slac.plan.graph import Plan
from slac.plan.nodes import SourceNode, WindowNode
from slac.runtime.core import Core
from slac.runtime.gates.hoisted import Hoisted
from slac.shedding.admission import KEY_RANGE, Admission, key_threshold, weight_of
from slac.stream.batch import WEIGHT, WEIGHT_ONE
from slac.stream.ports import Records
from slac.testing.harness import Harness
from tests.runtime.gates.spans import SAMPLED, START, TEXT, TRACES, plan_of, sampled, spans, told

FIRST = "first: {from: spans, window: tumbling 10s, select: [{n: COUNT(*) FILTER (WHERE operation = 'op0')}]}"
LENGTHS = "lengths: {from: spans, by: trace_id, window: tumbling 10s, select: [{n: COUNT(*)}]}"
SHARES = st.sampled_from([1.0, 0.7, 0.5, 0.3, 0.25, 0.1])
PLAN = plan_of()
SINGLE = plan_of(traces=False)
PLAIN = plan_of(sampled="", traces=False)


def _kept(rows: Sequence[dict[str, Any]]) -> set[str]:
    return {r["trace_id"] for r in rows}


def _total(rows: Sequence[dict[str, Any]], name: str = "n") -> float:
    return float(sum(r[name] for r in rows))


@given(before=SHARES, gate=SHARES, explicit=st.booleans(), size=st.sampled_from([37, 400]))
@settings(max_examples=14, deadline=None)
def test_a_sampler_and_a_gate_keep_what_the_stricter_of_them_keeps(
    before: float,
    gate: float,
    explicit: bool,  # noqa: FBT001 - what hypothesis gives
    size: int,
) -> None:
    """By one R: sampled at p, then kept at q, is kept at the smaller one, and stands for the inverse of it."""
    every = spans(300, explicit=explicit, share=before)
    found = told(PLAN, sampled(every, before), Admission(whole=weight_of(gate)), size)["traces"]
    threshold = max(round((1 - before) * KEY_RANGE), key_threshold(weight_of(gate)))

    assert _kept(found) == {s["payload"]["trace_id"] for s in every if s["_r"] >= threshold}
    assert all(r["valid"] for r in found)
    weights = {r.get(WEIGHT, WEIGHT_ONE) / WEIGHT_ONE for r in found}
    assert all(w == pytest.approx(1 / min(before, gate), rel=1e-5) for w in weights)


@pytest.mark.parametrize(
    ("traces", "admission"),
    [(True, Admission(whole=weight_of(0.3))), (False, Admission(unread=weight_of(0.6))), (True, None)],
)
def test_totals_are_those_of_all_spans(
    traces: bool,  # noqa: FBT001 - parametrised
    admission: Admission | None,
) -> None:
    """On average, whether a gate goes by the traces as the sampler does, by single spans, or drops nothing."""
    plan = PLAN if traces else SINGLE
    found = np.array(
        [_total(told(plan, sampled(spans(400, seed=s, share=0.5), 0.5), admission)["load"]) for s in range(16)]
    )
    assert abs(found.mean() - 800) < 4 * found.std(ddof=1) / np.sqrt(len(found))


def test_intervals_know_that_spans_of_a_trace_go_together() -> None:
    """95 % of them hold the true number, although a trace has four spans in the same window."""
    holds = []
    for seed in range(7):
        every = spans(600, each=4, seed=seed, share=0.2)
        exact = {(r["service"], r["_time"]): r["n"] for r in told(PLAIN, every)["load"]}
        for row in told(PLAN, sampled(every, 0.2))["load"]:
            bounds = row["_bounds"]
            holds.append(bounds["n_low"] <= exact[row["service"], row["_time"]] <= bounds["n_high"])
    assert len(holds) > 80
    assert np.mean(holds) > 0.93


def test_partial_rows_of_sampled_spans_are_as_good() -> None:
    """Over a link the same estimates, with the same intervals."""
    places = "spec:\n  placement:\n    edge: {blocks: [spans], connect: central}\n    "
    places += 'central: {blocks: ["*"], listen: "tcp://127.0.0.1:7001"}\n'
    text = TEXT.replace("SAMPLED", SAMPLED).replace("    OTHERS\n", "").replace(", FROM", "")
    events = sampled(spans(300, share=0.25), 0.25)
    harness = Harness(compile_document(Text("shop.yaml", text.replace("spec:\n", places, 1))).plan, start=START)
    lines = (orjson.dumps({k: v for k, v in e.items() if k != "_r"}) + b"\n" for e in events)
    harness.give("spans", b"".join(lines))
    harness.end()
    names = ["service", "n", "ms", "_bounds"]
    apart = harness.published("load").sort("_time", "service").select(names).to_dicts()
    together = sorted(told(SINGLE, events)["load"], key=lambda r: (r["_time"], r["service"]))
    assert apart == [{name: row[name] for name in names} for row in together]


@pytest.mark.parametrize(
    ("traces", "admission", "states"),
    [(True, Admission(whole=weight_of(0.25)), {"ot=th:c"}), (False, Admission(unread=weight_of(0.25)), {""})],
)
def test_what_passes_tells_what_the_gate_has_dropped(
    traces: bool,  # noqa: FBT001 - parametrised
    admission: Admission,
    states: set[str],
) -> None:
    """By traces the gate's threshold, where it is higher; of single spans none, for alone it would tell too little."""
    plan = plan_of(traces=traces, others="each: {from: spans, select: [trace_id, state]}")
    rows = told(plan, sampled(spans(200, share=0.5), 0.5), admission)["each"]
    assert {r["state"] for r in rows} == states


def test_results_by_trace_have_all_spans_of_it() -> None:
    """The gate before them drops whole traces, by the same randomness, so they are exact; and totals know of both."""
    plan = plan_of(traces=False, others=LENGTHS)
    gate = _source(plan).gate
    assert (gate.key, gate.trace, gate.explicit) == (("trace_id",), True, True)
    assert not gate.may_drop_unread
    events = sampled(spans(300, each=4, share=0.5), 0.5)
    found = told(plan, events, Admission(whole=weight_of(0.25)))
    assert {(r["n"], "_bounds" in r) for r in found["lengths"]} == {(4, False)}
    assert _total(found["load"]) == 4 * 4 * len(found["lengths"]) < 2 * len(events) + 300


def test_results_by_trace_know_that_a_threshold_has_changed() -> None:
    """Where it rises within a window, what is left of a trace is not taken for all of it."""
    plan = plan_of(traces=False, others=LENGTHS)
    events = sampled(spans(300, each=4, share=0.5, gap=1_500_000), 0.5)
    half = len(events) // 2
    core, rows = Core(plan, now=START, live=False), []
    rows += _feed(core, events[:half])
    core.sources["spans"].gate.set_admission(
        0.2, "cpu", {}, admission=Admission(whole=weight_of(0.2), since=events[half - 1]["timestamp"] * 1000 + 1)
    )
    rows += [*_feed(core, events[half:]), *core.on_input_ended("spans")]
    true = {(r["trace_id"], r["_time"]): r["n"] for r in told(plan, events)["lengths"]}
    said = [r for one in rows if getattr(one, "block", "") == "lengths" for r in one.frame.to_dicts()]
    parts = [r for r in said if r["n"] < true[r["trace_id"], r["_time"]]]
    assert len(parts) > 3
    assert all(r["_bounds"]["n_low"] <= true[r["trace_id"], r["_time"]] <= r["_bounds"]["n_high"] for r in parts)
    assert sum(r.get("_bounds") is None for r in said) > 0.7 * len(said)


def test_late_spans_pass_as_their_traces_do() -> None:
    """Of a trace that was dropped no late span is said alone."""
    plan = plan_of(traces=False, others=LENGTHS.replace("select:", "late: restate, retain: 5m, select:"))
    events = sampled(spans(200, each=4, share=0.5), 0.5)
    late = [e for e in events if e["payload"]["span_id"] == "3" and e["timestamp"] < (START + 15_000_000) // 1000]
    on_time, core = [e for e in events if e not in late], Core(plan, now=START, live=False)
    core.sources["spans"].gate.set_admission(0.4, "cpu", {}, admission=Admission(whole=weight_of(0.25)))
    half = len(on_time) // 2
    said = [one for piece in (on_time[:half], late, on_time[half:]) for one in _feed(core, piece)]
    said += core.on_input_ended("spans")
    rows = {r["trace_id"]: r for one in said if getattr(one, "block", "") == "lengths" for r in one.frame.to_dicts()}
    assert core.sources["spans"].late > 10
    assert {r["n"] for r in rows.values()} == {4}


def test_classes_that_are_told_before_decoding_stand_for_both_choices() -> None:
    """A class that is kept as a whole stands for what its sampler has dropped, all others for that of the gate, too."""
    plan = plan_of(traces=False, others=FIRST)
    assert Hoisted(_source(plan)).told == (0,)
    events = sampled(spans(600, share=0.5), 0.5)
    rows = told(plan, events, Admission(unread=weight_of(0.25), hoisted={1: WEIGHT_ONE}), size=157)
    # Of each trace one span is of the class.
    mine = len(events) // 2
    others = sum(r["_kept"] for r in rows["load"]) - mine
    assert 0.15 * mine < others < 0.35 * mine
    assert _total(rows["first"]) == 2 * mine
    assert _total(rows["load"]) == 2 * mine + 8 * others


def test_what_nobody_thinned_is_exact() -> None:
    """`th:0` says that all was kept: no bounds, no weights."""
    rows = told(PLAN, spans(100))["load"]
    assert all("_bounds" not in r for r in rows)
    assert _total(rows) == 200


def test_without_the_word_nothing_changes() -> None:
    """Numbers are about what came in, unless the document says that it was sampled."""
    every = sampled(spans(400, share=0.25), 0.25)
    rows = told(PLAIN, every)["load"]
    assert _total(rows) == len(every)
    assert all("_bounds" not in r for r in rows)


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (None, "missing"),
        ("vendor=1", "missing"),
        ("ot=rv:00000000000001", "missing"),
        ("ot=th:", "malformed"),
        ("ot=th:xyz", "malformed"),
        ("ot=th:123456789012345", "malformed"),
        ("ot=th:0;rv:12", "malformed"),
        ("ot=garbage", "malformed"),
        ("ot=th:8;rv:70000000000000", "inconsistent"),
    ],
)
def test_what_is_said_wrongly_is_not_said(state: str | None, reason: str) -> None:
    """Such a span stands for itself, and is told by reason."""
    one = spans(1, each=1)[0]
    one["context"]["state"] = state
    core = _core([one])
    assert core.sources["spans"].unweighted == {reason: 1}
    assert core.sources["spans"].quarantined == 0


def test_a_span_that_stands_for_too_many_is_set_aside() -> None:
    """A weight that sums could not keep exact is not cut to one that they can."""
    one = spans(1, each=1)[0]
    one["context"]["state"] = "ot=th:ffffffffff;rv:ffffffffffffff"
    assert _core([one]).sources["spans"].quarantined == 1


@given(cuts=st.lists(st.integers(20, 200), min_size=1, max_size=4), explicit=st.booleans())
@settings(max_examples=8, deadline=None)
def test_cuts_and_restarts_change_nothing(
    cuts: list[int],
    explicit: bool,  # noqa: FBT001 - drawn
) -> None:
    """A gate whose threshold rises under way judges traces the same, wherever records are cut and the runtime ends."""
    events = sampled(spans(150, each=2, seconds=60, explicit=explicit, share=0.8, gap=2_000_000), 0.8)
    whole = _run(events, [len(events)])
    assert _run(events, cuts) == whole
    assert all(valid for _, valid, _ in whole)


def test_a_trace_that_says_its_own_randomness_is_judged_by_it_to_the_end() -> None:
    """Its id alone would tell otherwise: what was begun before a threshold rose is left out, and nothing else."""
    events = spans(300, each=2, seconds=60, explicit=True, gap=2_000_000)
    rows = _run(events, [100])
    found = {trace for trace, _, _ in rows}
    threshold = key_threshold(weight_of(0.4))
    late = {e["payload"]["trace_id"] for e in events if e["timestamp"] > (START + 32_000_000) // 1000}
    kept = {e["payload"]["trace_id"] for e in events if e["_r"] >= threshold}
    assert all(valid for _, valid, _ in rows)
    assert kept <= found
    assert not found & (late - kept)


def test_gates_that_share_a_threshold_go_by_what_all_of_them_can_read() -> None:
    """Where other spans of the same traces say nothing of samplers trace ids decide: a second choice where `rv` is."""
    assert _source(PLAN).gate.explicit
    text = TEXT.replace("SAMPLED", SAMPLED).replace("OTHERS", TRACES.replace("from: spans", "from: Span"))
    more = '  inputs:\n    more: {adapter: http, listen: "127.0.0.1:8091", emits: Span}\n'
    text = text.replace("  inputs:\n", more).replace(", FROM", ", traces")
    plan = compile_document(Text("shop.yaml", text)).plan
    assert _source(plan).gate.trace
    assert not _source(plan).gate.explicit

    found = told(plan, sampled(spans(400, explicit=True, share=0.5), 0.5), Admission(whole=weight_of(0.5)))
    assert {r[WEIGHT] for r in found["traces"]} == {4 * WEIGHT_ONE}
    assert _total(found["load"]) == pytest.approx(800, rel=0.3)


def test_windows_know_how_many_spans_go_together() -> None:
    """By service: as many as the document says. By trace: a result has all of its spans, or none."""
    plan = plan_of(others=LENGTHS)
    load, lengths = plan["load"], plan["lengths"]
    assert isinstance(load, WindowNode)
    assert isinstance(lengths, WindowNode)
    assert (load.units, load.together) == ("events", 4)
    assert (lengths.units, lengths.together) == ("whole", 1)
    assert _source(plan).gate.groups is None


def _source(plan: Plan) -> SourceNode:
    node = plan["spans"]
    assert isinstance(node, SourceNode)
    return node


def _core(events: list[dict[str, Any]]) -> Core:
    core = Core(PLAN, now=START, live=False)
    _feed(core, events)
    return core


def _feed(core: Core, events: list[dict[str, Any]]) -> list[Any]:
    lines = b"".join(orjson.dumps({k: v for k, v in e.items() if k != "_r"}) + b"\n" for e in events)
    return list(core.on_records("spans", [Records(source="otel", arrival=START + 100_000_000, ndjson=lines)]))


def _run(events: list[dict[str, Any]], cuts: list[int]) -> list[tuple[str, bool, int]]:
    """Traces that are told, where half way a threshold rises from 0.8 to 0.4, and each cut is a restart."""
    core = Core(PLAN, now=START, live=False)
    core.sources["spans"].gate.set_admission(0.8, "cpu", {}, admission=Admission(whole=weight_of(0.8), since=START))
    said: list[Any] = []
    middle, begin, number = len(events) // 2, 0, 0
    while begin < len(events):
        end = min(begin + cuts[number % len(cuts)], middle if begin < middle else len(events))
        said += _feed(core, events[begin:end])
        begin, number = end, number + 1
        if begin == middle:
            since = START + 30_000_000
            core.sources["spans"].gate.set_admission(
                0.4, "cpu", {}, admission=Admission(whole=weight_of(0.4), since=since)
            )
        state = core.snapshot()
        core = Core(PLAN, now=START, live=False)
        core.restore(state, now=START)
    said += list(core.on_input_ended("spans"))
    rows = [r for one in said if getattr(one, "block", "") == "traces" for r in one.frame.to_dicts()]
    return sorted((r["trace_id"], r["valid"], r.get(WEIGHT, 0)) for r in rows)
