"""Sensitive fields inside a runtime: who sees them, and that hashing them changes no result."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import RunFailed, Source
from slac.plan.graph import Plan
from slac.runtime.core import Core
from slac.stream.batch import ID, TIME
from slac.stream.ports import Records
from slac.stream.privacy import Hasher, is_marked
from slac.testing import Harness
from slac.testing.sensitive import HASHER

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: logins}
spec:
  events:
    Login:
      payload: {user: string, ok: bool, code: "enum[a, b]"}
      context: {address: "string?", amount: "int?"}
      SENSITIVE
    Logout: {payload: {user: string, why: string} SENSITIVE_TOO}
  inputs:
    feed: {adapter: file, path: in.ndjson, emits: Login, id: amount, retain: 1ms}
    both: {adapter: file, path: in.ndjson, emits: {Logout: why IS NOT NULL, Login: otherwise}}
  probes:
    people:
      from: feed
      where: user <> 'robot' AND amount > 1
      select: [user, ok, address, {inside: address LIKE '10.%'}]
    seen: {from: feed}
    left: {from: Logout, where: user LIKE 'a%'}
  computations:
    tries: {from: people, by: [user, inside], window: tumbling 1s, select: [{n: COUNT(*)}, {last: LAST(address)}]}
    direct: {from: feed, by: address, window: tumbling 1s, select: [{n: COUNT(DISTINCT user)}, {top: "TOP(user, 2)"}]}
    paired:
      from: seen
      join: {p: {latest: people, by: user}}
      where: p.address = address
      select: [user, address]
  audits:
    guessing:
      from: tries
      by: user
      states: {fine: {when: n < 2, verdict: ok}, bad: {when: n >= 2, verdict: violated}}
      initial: fine
  outputs:
    log: {adapter: stdout, from: [guessing, direct, paired, left]}
"""
BLOCKS = ("people", "tries", "direct", "paired", "guessing")


def plan_of(*, sensitive: bool) -> Plan:
    """The document, whose fields are sensitive or not."""
    fields = ("sensitive: [user, address, amount]", ", sensitive: user") if sensitive else ("", "")
    text = DOCUMENT.replace("SENSITIVE_TOO", fields[1]).replace("SENSITIVE", fields[0])
    return compile_document(Source("d.yaml", text), CompileOptions(seen=frozenset(BLOCKS))).plan


HIDDEN, OPEN = plan_of(sensitive=True), plan_of(sensitive=False)

events = st.lists(
    st.fixed_dictionaries(
        {
            "user": st.sampled_from(["alice", "robot", "bob", "ali"]),
            "ok": st.booleans(),
            "address": st.sampled_from(["10.0.0.1", "10.0.0.2", "9.9.9.9", None]),
            "amount": st.sampled_from([0, 2, 3, None]),
        }
    ),
    min_size=1,
    max_size=25,
)


def rows(drawn: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Events as they come in, a fifth of a second apart."""
    return [
        {
            "timestamp": i * 200,
            "payload": {"user": e["user"], "ok": e["ok"], "code": "a"},
            "context": {"address": e["address"], "amount": e["amount"]},
        }
        for i, e in enumerate(drawn)
    ]


def hashed(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows with what is in sensitive columns hashed, without ids and in an order of their own."""

    def each(name: str, value: Any) -> Any:
        match value:
            case str() if name in ("user", "address", "last", "value"):
                return HASHER.value(value)
            case list():
                return sorted((each(name, item) for item in value), key=str)
            case dict():
                return {n: each(n, v) for n, v in value.items()}
        return value

    shown = frame.drop(ID) if ID in frame.columns else frame
    return sorted(({n: each(n, v) for n, v in row.items()} for row in shown.iter_rows(named=True)), key=str)


@given(events, st.integers(0, 25))
@settings(max_examples=15, deadline=None)
def test_hashing_changes_no_result(drawn: list[dict[str, Any]], cut_at: int) -> None:
    """Rows are those of the open document with their values hashed, across a restart too."""
    given_rows = rows(drawn)
    made = []
    for plan, restart in ((OPEN, False), (HIDDEN, True)):
        harness = Harness(plan)
        harness.give("feed", given_rows[:cut_at])
        if restart:
            harness.restart("all")
        harness.give("feed", given_rows[cut_at:])
        harness.end()
        made.append({block: hashed(harness.made(block)) for block in BLOCKS})

    # Of two equally frequent values the order among them decides, which hashes do not share with what they hide.
    for each in made:
        for row in each["direct"]:
            row["top"] = sorted(t["count"] for t in row["top"])
    assert made[0] == made[1]


def test_nobody_but_conditions_sees_clear_text() -> None:
    """Not in the rows of any node, not in a state, not in what is refused."""
    harness = Harness(HIDDEN)
    some = [{"user": "alice", "ok": True, "address": "10.0.0.1", "amount": 7_777_777}] * 4
    harness.give("feed", rows(some))
    harness.give("both", [{"timestamp": 5, "payload": {"user": "alice", "why": "home"}}])
    harness.give("feed", [{"timestamp": 5, "payload": {"user": "alice", "ok": "alice", "code": "a"}}])
    harness.give("feed", [{"timestamp": 5, "payload": {"user": "alice", "ok": True, "code": "alice"}}])
    harness.give("feed", b'{"user": "alice"')
    core = harness.cores["all", "all"]
    told = [(s.values, [f.rows(named=True) for f in s.frames.values()]) for s in core.snapshot().values()]
    harness.end()

    rows_made = [harness.made(n.id).rows(named=True) for n in HIDDEN.nodes]
    shown = str((told, rows_made, [(r.reason, r.raw, r.hash) for r in harness.refused]))
    for value in ("alice", "10.0.0.1", "7777777"):
        assert value not in shown
    assert [r.raw for r in harness.refused] == [b""] * 3
    assert all(is_marked(r.hash) for r in harness.refused)
    assert harness.made("people").height == 2
    assert harness.made("left").height == 1


def test_hashed_events_can_come_in_again() -> None:
    """What another deployment has hashed passes as it is."""
    harness, mark = Harness(HIDDEN), HASHER.value("alice")
    harness.give("feed", rows([{"user": mark, "ok": True, "address": None, "amount": None}]))
    harness.end()
    assert harness.made("seen")["user"].to_list() == [mark]


def test_a_key_is_needed_and_stays() -> None:
    """No runtime without one, and no going on with another."""
    with pytest.raises(RunFailed, match=r'input "feed".*user, address, amount'):
        Core(HIDDEN, now=0, live=False)
    first = Core(HIDDEN, now=0, live=False, hasher=HASHER)
    line = json.dumps(rows([{"user": "alice", "ok": True, "address": None, "amount": 2}])[0]).encode()
    first.on_records("feed", [Records(source="s", arrival=0, ndjson=line)])
    states = first.snapshot()
    Core(HIDDEN, now=0, live=False, hasher=HASHER).restore(states, 0)
    with pytest.raises(RunFailed, match="made with another key"):
        Core(HIDDEN, now=0, live=False, hasher=Hasher(b"yet another key of some bytes")).restore(states, 0)


def test_quarantine_may_be_told_to_keep_records() -> None:
    """`full` keeps them as they came, also where fields are sensitive; `reason` hashes those of any input."""
    for word, sensitive, kept in (("full", True, True), ("reason", False, False), ("reason", True, False)):
        fields = ", sensitive: user" if sensitive else ""
        text = f"""
apiVersion: slac/v1
kind: SLA
metadata: {{name: d}}
spec:
  events: {{E: {{payload: {{user: string}}{fields}}}}}
  inputs: {{feed: {{adapter: file, path: e.ndjson, emits: E, quarantine: {word}}}}}
  outputs: {{out: {{adapter: stdout, from: feed}}}}
"""
        harness = Harness(compile_document(Source("d.yaml", text)).plan)
        harness.give("feed", b'{"user": 1}')
        [record] = harness.refused
        assert (record.raw == b'{"user": 1}') is kept
        assert is_marked(record.hash) is not kept


def test_times_of_rows_are_told() -> None:
    """What is not sensitive stays as it is."""
    harness = Harness(HIDDEN)
    harness.give("feed", rows([{"user": "alice", "ok": True, "address": None, "amount": 2}]))
    harness.end()
    assert harness.made("people").select("ok", pl.col(TIME).dt.year()).rows() == [(True, 1970)]
