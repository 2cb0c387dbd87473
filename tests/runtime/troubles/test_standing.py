"""Troubles as violations: each once, for whoever told of it, and of others only as far as one may speak for them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.plan.graph import Placement, Plan, PlanData
from slac.runtime.checkpoint import pack, unpack
from slac.runtime.troubles.standing import OWN, Standing
from slac.runtime.troubles.trouble import LONGEST, NOT_KEPT, Trouble
from slac.runtime.troubles.watch import Troubles

PLACEMENTS = (
    Placement(name="edge", connect="group"),
    Placement(name="group", connect="central"),
    Placement(name="central"),
)


def trouble(name: str = "edge/a", what: str = "checkpoint", since: int = 5, message: str = "no room") -> Trouble:
    """A disk that is full."""
    node, _, instance = name.partition("/")
    return Trouble(block=NOT_KEPT, node=node, instance=instance, what=what, since=since, message=message)


def kinds(standing: Standing, now: int, told: dict[str, list[Trouble]]) -> list[tuple[str, str]]:
    """What is said at an instant: (what, kind)."""
    frames = standing.look(now, told)
    return [(r["what"], r["kind"]) for f in frames.values() for r in f.rows(named=True)]


def test_each_is_raised_once_and_resolved_once() -> None:
    """For as long as it is told."""
    standing = Standing(document="d")
    assert kinds(standing, 10, {OWN: [trouble()]}) == [("checkpoint", "raised")]
    assert kinds(standing, 11, {OWN: [trouble()]}) == []
    assert kinds(standing, 12, {OWN: []}) == [("checkpoint", "resolved")]
    assert kinds(standing, 13, {OWN: []}) == []


def test_one_that_came_again_meanwhile_is_another() -> None:
    """The old one is resolved before the new one is raised."""
    standing = Standing(document="d")
    kinds(standing, 10, {OWN: [trouble()]})
    assert kinds(standing, 30, {OWN: [trouble(since=20)]}) == [("checkpoint", "raised"), ("checkpoint", "resolved")]


def test_who_says_nothing_resolves_nothing() -> None:
    """After a restart, what an instance had told stands until it speaks."""
    standing = Standing(document="d")
    kinds(standing, 10, {OWN: [], "edge/a": [trouble()]})
    again = Standing(document="d")
    again.restore(unpack(pack({"t": standing.snapshot()}))["t"])
    assert kinds(again, 20, {OWN: []}) == []
    assert kinds(again, 21, {OWN: [], "edge/a": []}) == [("checkpoint", "resolved")]


@given(st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.booleans()), max_size=8))
def test_a_restart_changes_nothing(steps: list[tuple[set[str], bool]]) -> None:
    """Whenever it is, the same is said."""
    one, two = Standing(document="d"), Standing(document="d")
    for now, (whats, restarted) in enumerate(steps, 10):
        if restarted:
            saved, two = two.snapshot(), Standing(document="d")
            two.restore(unpack(pack({"t": saved}))["t"])
        told = {OWN: [trouble(what=w) for w in sorted(whats)]}
        first, second = one.look(now, told), two.look(now, told)
        assert first.keys() == second.keys()
        assert all(first[block].equals(second[block]) for block in first)


@pytest.mark.parametrize(
    ("peer", "of", "heard"),
    [
        ("edge/a", "edge/a", True),
        ("edge/a", "edge/b", False),
        ("edge/a", "group/g", False),
        ("group/g", "edge/a", True),
        ("group/g", "central/c", False),
        ("strange/s", "edge/a", False),
    ],
)
def test_one_speaks_for_itself_and_for_those_behind_it(peer: str, of: str, heard: bool) -> None:  # noqa: FBT001
    """An edge cannot raise an alarm in the name of another."""
    troubles = Troubles(Plan(PlanData(document="d", nodes=(), placements=PLACEMENTS)), keep=False)
    troubles.hear(peer, [trouble(of)])
    troubles.look(10, {})
    assert bool(troubles.known) is heard


def test_what_is_too_long_is_not_heard() -> None:
    """What a peer says is bounded."""
    troubles = Troubles(Plan(PlanData(document="d", nodes=(), placements=PLACEMENTS)), keep=False)
    troubles.hear("edge/a", [trouble(message="x" * (LONGEST + 1))])
    troubles.look(10, {})
    assert not troubles.known
