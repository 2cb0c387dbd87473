"""Contracts go where they belong, and gates get what they need to keep them."""

from __future__ import annotations

import pytest

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.nodes import SelectNode, SourceNode, WindowNode
from slac.plan.shedding import GateSpec

HEAD = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  DEFAULT
  events:
    Request: {payload: {service: string, ok: bool, state: "string?", latency: float}}
  inputs:
    requests: {adapter: http, listen: "127.0.0.1:8090", emits: Request, INPUT}
    others: {adapter: http, listen: "127.0.0.1:8091", emits: Request, OTHER}
"""
TAIL = """
  outputs:
    log: {adapter: stdout, from: [BLOCK]}
"""


def _plan(body: str, block: str, own: str = "idle: 10s", default: str = "", other: str = "idle: 10s") -> Plan:
    text = (HEAD + body + TAIL).replace("INPUT", own).replace("BLOCK", block).replace("DEFAULT", default)
    text = text.replace("OTHER", other)
    return compile_document(Source("shop.yaml", text)).plan


def _gate(plan: Plan, name: str = "requests") -> GateSpec:
    node = plan[name]
    assert isinstance(node, SourceNode)
    return node.gate


def _window(select: str, more: str = "", where: str = "") -> str:
    return f"""
  computations:
    health:
      from: requests
      {where}
      by: service
      window: tumbling 1m
      {more}
      select: [{select}]
  violations:
    bad: {{from: health, where: n > 3, by: service}}
"""


def test_what_holds_for_an_input_is_told() -> None:
    """And not what would hold, if nothing behind it asked for more."""
    plan = _plan(_window("{n: COUNT(*)}", "shed: {subset: {by: keys}}"), "bad")
    told = {d.path: d.value for d in plan.data.defaults}
    assert told["spec.inputs.requests.shed"] == "subset by keys, for what is read behind it"
    assert told["spec.inputs.others.shed"] == "approximate"


def test_a_contract_reaches_the_inputs_behind_it() -> None:
    """What a computation states is what its input keeps, with the error and all."""
    plan = _plan(_window("{n: COUNT(*)}", "shed: {approximate: {error: 2%}, priority: 3}"), "bad")
    contract = _gate(plan).contract
    assert (contract.mode, contract.error, contract.confidence, contract.priority) == ("approximate", 0.02, 0.95, 3)
    assert plan["health"].contract == contract


def test_a_violation_speaks_for_what_it_reads() -> None:
    """Nobody but the reader knows what a number is good for."""
    body = _window("{n: COUNT(*)}").replace("by: service}", "by: service, shed: never}")
    assert _gate(_plan(body, "bad", own="disk: 2GiB")).contract.mode == "never"


def test_the_strictest_contract_wins_at_an_input() -> None:
    """One reader that needs all makes the input keep all; another input is not touched."""
    body = _window("{n: COUNT(*)}", "shed: approximate").replace("by: service}", "by: service, shed: never}")
    plan = _plan(body, "bad", own="disk: 2GiB")
    assert _gate(plan).contract.mode == "never"
    assert _gate(plan, "others").contract.mode == "approximate"


def test_a_document_has_a_contract_for_inputs_that_state_none() -> None:
    """And an input that states one keeps its own."""
    body = _window("{n: COUNT(*)}")
    kept = _plan(body, "bad", own="disk: 2GiB", default="shed: never", other="disk: 1GiB")
    assert (_gate(kept).contract.mode, _gate(kept).disk) == ("never", 2 << 30)
    thinned = _plan(body, "bad", own="shed: approximate", default="shed: never", other="disk: 1GiB")
    assert _gate(thinned).contract.mode == "approximate"


@pytest.mark.parametrize("call", ["MAX(latency)", "MIN(latency)", "BOOL_OR(ok)"])
def test_extremes_need_every_event(call: str) -> None:
    """Unless the document says otherwise, and compile tells of it."""
    plan = _plan(_window(f"{{n: COUNT(*)}}, {{x: {call}}}"), "bad")
    assert _gate(plan).contract.mode == "never"
    told = {d.path: d.value for d in plan.data.defaults}
    assert told["spec.inputs.requests.shed"].startswith("never, because of")
    assert told["spec.inputs.requests.disk"] == "1GiB"

    said = _plan(_window(f"{{n: COUNT(*)}}, {{x: {call}}}", "shed: approximate"), "bad")
    assert _gate(said).contract.mode == "approximate"


def test_outcomes_are_hoisted() -> None:
    """Conditions of FILTER and CASE over the input's fields become strata, and their counts are exact."""
    slow = "{s: SUM(CASE WHEN latency > 2 THEN latency ELSE 0 END)}"
    plan = _plan(_window("{n: COUNT(*)}, {bad: COUNT(*) FILTER (WHERE NOT ok)}, " + slow), "bad")
    gate, window = _gate(plan), plan["health"]
    assert isinstance(window, WindowNode)
    assert [s.sql for s in gate.strata] == ["(NOT ok)", "(latency > 2.0)"]
    assert gate.groups == ("service",)
    assert window.counted == ("_a0", "_a1")


def test_conditions_of_a_probe_are_seen_through_its_columns() -> None:
    """What a column is made of is asked at the gate; nothing that needs more than the event is."""
    body = """
  probes:
    failed:
      from: requests
      where: NOT ok
      select: [service, {slow: latency > 100}]
  computations:
    health:
      from: failed
      by: service
      window: tumbling 1m
      select: [{n: COUNT(*)}, {slow: COUNT(*) FILTER (WHERE slow)}]
  violations:
    bad: {from: health, where: n > 3, by: service}
"""
    plan = _plan(body, "bad")
    probe = plan["failed"]
    assert isinstance(probe, SelectNode)
    assert not probe.uncounted
    assert {s.sql for s in _gate(plan).strata} == {"(NOT ok)", "(latency > 100.0)"}
    assert {n.reads for n in _gate(plan).needs if n.exact} == {(0,), (0, 1)}


def test_what_gates_cannot_see_is_estimated() -> None:
    """Behind a key that is made on the way nothing counts."""
    body = """
  probes:
    named:
      from: requests
      select: [{name: LOWER(service)}, ok]
  computations:
    health:
      from: named
      by: name
      window: tumbling 1m
      select: [{n: COUNT(*)}]
  violations:
    bad: {from: health, where: n > 3, by: name}
"""
    plan = _plan(body, "bad")
    window = plan["health"]
    assert isinstance(window, WindowNode)
    assert window.counted == ()
    assert _gate(plan).groups is None


def _pattern(text: str, by: str = "") -> str:
    return f"""
  computations:
    pairs:
      pattern: {text}
      {by}
      within: 1m
      limit: 10
      select: [{{x: a.latency}}]
  violations:
    bad: {{from: pairs, where: x > 3}}
"""


def test_inputs_of_a_pattern_share_a_threshold() -> None:
    """By the pattern's key, whatever its columns are called."""
    plan = _plan(_pattern("every a=requests -> b=others", "by: service"), "bad")
    assert [(_gate(plan, n).key, _gate(plan, n).shared) for n in ("requests", "others")] == [
        (("service",), "pairs")
    ] * 2


def test_a_pattern_without_a_key_needs_every_event() -> None:
    """Nothing says which events belong together."""
    plan = _plan(_pattern("every a=requests -> b=others"), "bad")
    assert [_gate(plan, n).contract.mode for n in ("requests", "others")] == ["never", "never"]


def test_patience_is_how_long_a_result_takes_anyway() -> None:
    """Half of a window, and the lateness of the input; nothing for single rows."""
    assert _gate(_plan(_window("{n: COUNT(*)}"), "bad", own="lateness: 5s")).patience == 35_000_000
    rows = "\n  violations:\n    bad: {from: requests, where: latency > 3, by: service}\n"
    assert _gate(_plan(rows, "bad")).patience == 1_000_000
    assert _gate(_plan(rows, "bad")).needs[0].keep


PLACED = """
  placement:
    edge: {blocks: [requests, others], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000"}
"""


def test_gates_of_other_runtimes_keep_what_a_pattern_needs() -> None:
    """They share no threshold, so nothing is dropped; unless the document says that it may be."""
    body = _pattern("every a=requests -> b=others", "by: service") + PLACED
    plan = _plan(body, "bad")
    assert [_gate(plan, n).contract.mode for n in ("requests", "others")] == ["never", "never"]
    told = {d.path: d.value for d in plan.data.defaults}
    assert told["spec.inputs.others.shed"] == 'never, because "pairs" has inputs of other runtimes too'

    stated = body.replace("limit: 10", "limit: 10\n      shed: approximate")
    assert _gate(_plan(stated, "bad")).key == ("service",)


LATEST = """
  computations:
    slow:
      from: requests
      join: {l: {latest: others, by: service}}
      where: latency > l.latency
      select: [service, latency]
      SHED
  violations:
    bad: {from: slow, where: latency > 3, by: service}
"""
AUDITED = """
  audits:
    bad:
      from: others
      by: service
      states: {good: {when: ok, verdict: ok}, bad: {when: NOT ok, verdict: violated}}
      initial: good
"""


@pytest.mark.parametrize("body", [LATEST.replace("SHED", ""), AUDITED])
def test_what_holds_until_the_next_row_needs_every_row(body: str) -> None:
    """The newest row of a key is nothing that a sample has: an audit of rows, or the latest of a join."""
    plan = _plan(body, "bad")
    assert _gate(plan, "others").contract.mode == "never"
    told = {d.path: d.value for d in plan.data.defaults}
    assert "goes by the latest row" in told["spec.inputs.others.shed"]


def test_latest_rows_go_last_where_they_may_be_dropped() -> None:
    """Whoever says that they may gets as many of them as there can be."""
    gate = _gate(_plan(LATEST.replace("SHED", "shed: approximate"), "bad"), "others")
    assert gate.contract.mode == "approximate"
    assert any(n.keep for n in gate.needs)
    assert not gate.may_drop_unread


def test_sessions_need_whole_keys() -> None:
    """Where an event is missing, a session would end; of sessions without a key nothing can be dropped."""
    body = _window("{n: COUNT(*)}").replace("tumbling 1m", "session 30s")
    assert _gate(_plan(body, "bad")).key == ("service",)
    assert _gate(_plan(body.replace("by: service", ""), "bad")).contract.mode == "never"


def test_what_is_filled_in_is_told_of_placed_documents_too() -> None:
    """Why nothing of an input may be dropped, and how much of it may wait on disk."""
    placed = "  placement:\n    one: {blocks: ['*'], budget: {cpu: 10%}}\n"
    plan = _plan(placed + _window("{m: MAX(latency)}, {n: COUNT(*)}"), "bad")
    told = {d.path: d.value for d in plan.data.defaults}
    assert told["spec.inputs.requests.shed"] == 'never, because of MAX in "health"'
    assert told["spec.inputs.requests.disk"] == "1GiB"
