"""Transition tables: what they say, what is found wrong in them, how they are drawn, and how one key is stepped."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.plan.guards import After, Backoff, Settle, intervals
from slac.plan.machine import (
    AFTER,
    NO_DATA,
    OTHERWISE,
    UNDECIDED,
    UNDETERMINED,
    KeyMachine,
    build_machine,
    check_machine,
    stuck_states,
    to_mermaid,
    transition_table,
)
from slac.plan.nodes import AuditNode, StateSpec
from slac.stream.types import Bool, Float, Schema, String

SHARE = Column(name="share", dtype=Float())


def compare(function: str, value: float) -> AnyExpr:
    """`share <function> <value>`."""
    return Call(function=function, args=(SHARE, Literal(value=value, dtype=Float())), dtype=Bool())


def state_is(name: str) -> AnyExpr:
    """`state = '<name>'`."""
    args = (Column(name="state", dtype=String()), Literal(value=name, dtype=String()))
    return Call(function="=", args=args, dtype=Bool())


def bent(node: AuditNode, **specs: dict[str, Any]) -> AuditNode:
    """The audit with more said of some of its states."""
    return msgspec.structs.replace(
        node, states=tuple(msgspec.structs.replace(s, **specs.get(s.name, {})) for s in node.states)
    )


def audit(whens: dict[str, AnyExpr], **options: Any) -> AuditNode:
    """An audit of states with these conditions."""
    states = tuple(StateSpec(name=n, when=w, when_sql=f"is {n}: yes", verdict="ok") for n, w in whens.items())
    return AuditNode(id="a", block="a", node="", schema=Schema(), keys=(), retain=1, states=states, **options)


NEVER = Literal(value=None, dtype=Bool())
LIGHTS = {n: state_is(n) for n in ("up", "low", "down")}


def test_the_watchdogs_audit_has_nothing_wrong() -> None:
    """Three states by equality."""
    assert check_machine(transition_table(audit(LIGHTS, initial="up"))) == ()


def test_the_table_is_complete() -> None:
    """Every state has a way for every condition, by name and by number."""
    table = transition_table(audit(LIGHTS, initial="up", no_data="undecided"))

    assert table.states == ("up", "low", "down", "no_data")
    assert table.verdicts == ("OK", "OK", "OK", "UNDECIDED")
    assert table.conditions == ("when up", "when low", "when down", OTHERWISE, NO_DATA, UNDECIDED)
    assert table.matrix() == [[0, 1, 2, 0, 3, 3], [0, 1, 2, 1, 3, 3], [0, 1, 2, 2, 3, 3], [0, 1, 2, 3, 3, 3]]


def test_an_initial_that_is_no_state_is_unknown() -> None:
    """The finding names what there is."""
    (finding,) = check_machine(transition_table(audit(LIGHTS, initial="upp")))

    assert (finding.kind, finding.states) == ("unknown", ("upp",))
    assert "up, low, down" in finding.detail


def test_a_state_may_not_have_the_name_of_an_implied_one() -> None:
    """`no_data` is what `no_data: violated` leads to; without that it is a name like any other."""
    whens = {"up": state_is("up"), "no_data": state_is("gone")}

    assert [f.kind for f in check_machine(transition_table(audit(whens, no_data="violated")))] == ["reserved"]
    assert check_machine(transition_table(audit(whens))) == ()


@pytest.mark.parametrize(
    "never",
    [
        Literal(value=False, dtype=Bool()),
        Literal(value=None, dtype=Bool()),
        Call(function="and", args=(compare(">", 0.9), compare("<", 0.1)), dtype=Bool()),
        Call(function="not", args=(Literal(value=True, dtype=Bool()),), dtype=Bool()),
    ],
)
def test_a_condition_that_is_never_true_makes_its_state_unreachable(never: AnyExpr) -> None:
    """Constants and contradictions."""
    found = check_machine(transition_table(audit({"up": state_is("up"), "odd": never})))

    assert [(f.kind, f.states) for f in found] == [("unreachable", ("odd",))]


def test_what_stands_behind_a_condition_that_is_always_true_is_unreachable() -> None:
    """The finding names the state in the way; a last state that takes the rest is fine but for a note."""
    always = Literal(value=True, dtype=Bool())
    first = check_machine(transition_table(audit({"any": always, "up": state_is("up")})))
    last = check_machine(transition_table(audit({"up": state_is("up"), "any": always})))

    assert ("unreachable", ("up", "any")) in [(f.kind, f.states) for f in first]
    assert [f.kind for f in last] == ["undecided"]


def test_conditions_that_overlap_are_ambiguous() -> None:
    """Ranges over one column show it."""
    whens = {"low": compare("<", 0.95), "down": compare("<", 0.05)}

    found = check_machine(transition_table(audit(whens)))
    assert [(f.kind, f.states) for f in found] == [("ambiguous", ("low", "down"))]


def test_where_overlap_cannot_be_shown_the_first_wins() -> None:
    """Conditions over different columns may both be true."""
    found = check_machine(transition_table(audit({"up": compare(">", 0.95), "low": state_is("low")})))

    assert [f.kind for f in found] == ["undecided"]
    assert '"up"' in found[0].detail


def test_a_key_is_stepped_by_conditions() -> None:
    """`otherwise` and `no data` hold the state; a condition that is not there is refused and changes nothing."""
    machine = KeyMachine(transition_table(audit(LIGHTS)))

    assert machine.state == UNDETERMINED
    walked = [machine.step(c) for c in (OTHERWISE, "when low", NO_DATA, "when up", OTHERWISE)]
    assert walked == [UNDETERMINED, "low", "low", "up", "up"]
    with pytest.raises(KeyError):
        machine.step("when odd")
    assert machine.state == "up"


def test_a_guard_holds_a_move_back() -> None:
    """Rows without data neither count nor break the row; any other row begins it anew."""
    machine = KeyMachine(transition_table(bent(audit(LIGHTS, initial="up"), down={"settle": Settle(rows=2)})))

    walked = [machine.step(c) for c in ("when down", NO_DATA, "when down", "when down", "when up", "when down")]
    assert walked == ["up", "up", "down", "down", "up", "up"]
    assert [machine.step(c) for c in (OTHERWISE, "when down", "when low")] == ["up", "up", "low"]


def test_a_guard_of_time_counts_from_the_first_row() -> None:
    """The row that is so far behind it enters the state."""
    machine = KeyMachine(transition_table(bent(audit(LIGHTS, initial="up"), down={"settle": Settle(time=10)})))

    assert [machine.step("when down", at) for at in (5, 14, 15)] == ["up", "up", "down"]


def test_a_state_that_follows_by_time_stands_for_the_one_before() -> None:
    """The condition of `down` holds it, and so on along a chain; any other leads out."""
    whens = {**LIGHTS, "gone": NEVER, "lost": NEVER}
    node = bent(audit(whens), down={"after": After(time=1, to="gone")}, gone={"after": After(time=1, to="lost")})
    table = transition_table(node)
    machine = KeyMachine(table)

    walked = [machine.step(c) for c in ("when down", AFTER, "when down", AFTER, "when down", "when low")]
    assert walked == ["down", "gone", "gone", "lost", "lost", "low"]
    assert [f for f in check_machine(table) if f.kind != "undecided"] == []
    assert stuck_states(table) == frozenset()


def test_time_may_not_lead_to_a_state_with_a_condition_or_to_none() -> None:
    """The first is a slip of design, the second one of spelling."""
    node = bent(audit(LIGHTS), up={"after": After(time=1, to="down")}, low={"after": After(time=1, to="dwn")})

    found = [(f.kind, f.states) for f in check_machine(transition_table(node))]
    assert found == [("timed", ("down", "up")), ("unknown", ("dwn", "low"))]


@pytest.mark.parametrize(
    ("backoff", "found"),
    [
        (None, (30,)),
        (Backoff(factor=2, max=200), (30, 60, 120, 200)),
        (Backoff(factor=1.1, max=34), (30, 33, 34)),
        (Backoff(factor=3, max=10), (10,)),
    ],
)
def test_intervals_grow_up_to_the_longest(backoff: Backoff | None, found: tuple[int, ...]) -> None:
    """Each by the factor, and never beyond `max`."""
    assert intervals(30, backoff) == found
    assert intervals(None, backoff) == ()


def test_the_machine_is_one_of_transitions() -> None:
    """With every move of the table, and no other."""
    table = transition_table(audit(LIGHTS, initial="low"))
    machine = build_machine(table)

    moves = {(t.source, e.name): t.dest for e in machine.events.values() for t in machine.get_transitions(e.name)}
    assert moves == table.moves
    assert machine.initial == "low"


def test_a_drawing_shows_states_verdicts_and_conditions() -> None:
    """Characters that mean something in Mermaid are escaped."""
    drawn = to_mermaid(transition_table(audit({'u"p': state_is("up"), "low": state_is("low")}, initial="low")))

    assert drawn.splitlines()[:4] == [
        "stateDiagram-v2",
        '    state "u#quot;p" as s0',
        '    state "low" as s1',
        "    [*] --> s1",
    ]
    assert '    s1 --> s0: is u"p#colon; yes' in drawn.splitlines()
    assert "    s0: OK" in drawn.splitlines()
