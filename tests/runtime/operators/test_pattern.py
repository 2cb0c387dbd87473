"""Patterns as an operator: the tables of examples, ids, keys, bounds, late rows; any slicing, any restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.language.patterns import atoms, parse_pattern
from slac.plan.nodes import PatternNode
from slac.runtime.operators.pattern import PatternOperator
from slac.stream.batch import DEPTH, ID, TIME, Batch
from tests.runtime.operators.driving import Driver, cut
from tests.runtime.patterns.compiled import SECOND, driver, give_all, node_of, ports_of, rows_of, said
from tests.runtime.patterns.tables import Example, examples, reordered

TABLES = Path(__file__).parents[1] / "patterns"
# A runtime goes from one due timer to the next: what the tables say of a clock that jumps cannot happen in it. An
# interval of Python's arithmetic is no SQL, and a pattern without an event has no stream whose time it could follow.
ALL = [
    e
    for name in ("examples.txt", "rules.txt")
    for e in examples(TABLES / name)
    if "1500 msec" not in e.pattern and "1000000" not in e.pattern and list(atoms(parse_pattern(e.pattern).pattern))
]


def in_seconds(example: Example) -> list[str]:
    """The matches of a table, each with the time of its trigger."""
    found = []
    for match in reordered(example.matches):
        trigger, _, bound = match.partition(":")
        at = trigger if trigger.startswith("t=") else f"t={example.stream.index(trigger) + 1}s"
        found.append(f"{at}:{bound}" if bound else at)
    return found


@pytest.mark.parametrize("example", ALL, ids=str)
def test_the_tables_hold_for_documents(example: Example) -> None:
    """What the evaluator says of examples, a compiled document says too: same matches, same order."""
    node = node_of(example.pattern, within=example.within, limit=example.limit)
    driven = driver(node)
    give_all(driven, node, rows_of(example.stream))
    driven.advance((len(example.stream) * SECOND) + 1)
    assert said(driven) == in_seconds(example)


def matched(pattern: str, *words: str, **options: Any) -> tuple[Driver, pl.DataFrame]:
    """The driver and all rows of a pattern over a stream."""
    keys = options.pop("keys", ("k",))
    node = node_of(pattern, **options)
    driven = driver(node)
    give_all(driven, node, rows_of(words, keys))
    driven.advance((len(words) + 1) * SECOND)
    return driven, pl.concat(driven.out) if driven.out else pl.DataFrame()


def test_keys_are_apart() -> None:
    """With `by`, each key has an evaluation of its own, and its columns come out first."""
    _, rows = matched("every x=X -> y=Y", "X1", "X2", "Y1", "Y2", keys=("a", "b"), by="key")
    assert rows.select("key", "x", "y").rows() == [("b", "X1", "Y1"), ("a", "X2", "Y2")]


def test_equal_matches_have_ids_of_their_own() -> None:
    """Matches that bind the same rows at one instant are told apart by an occurrence number."""
    _, rows = matched("every (every x=X)", "X1", "X2", "X3")
    assert rows[ID].n_unique() == rows.height == 7


def test_ids_do_not_depend_on_what_else_matches() -> None:
    """The id of a match is made of the rows that it binds: another stream of matches beside it changes nothing."""
    _, few = matched("every x=X -> y=Y", "X1", "-", "Y1")
    _, more = matched("every x=X -> y=Y", "X1", "X2", "Y1")
    assert set(few[ID]) < set(more[ID])


def test_late_rows_and_rows_without_a_key_are_counted() -> None:
    """Neither takes part in any match."""
    node = node_of("every x=X -> y=Y", by="key")
    driven = driver(node)
    rows = rows_of(["X1", "Y1"])
    driven.give([Batch(rows["X"].with_columns(key=pl.lit(None, pl.String)))], 0)
    driven.give([Batch(rows["X"], late=True)], 0)
    driven.give([Batch(rows["Y"])], 1)
    driven.advance(9 * SECOND)
    assert not driven.out
    statistics = driven.operator.statistics()
    assert (statistics["late"], statistics["unkeyed"]) == (1, 1)


def test_the_limit_bites_and_says_so() -> None:
    """The oldest partial match is given up, and counted."""
    driven, rows = matched("every x=X -> y=Y", "X1", "X2", "X3", "Y1", limit=2)
    assert rows["x"].to_list() == ["X2", "X3"]
    assert driven.operator.statistics()["given_up"] == 1


def test_keys_without_an_open_match_are_forgotten() -> None:
    """A key that is as if it had never been costs nothing; one that has matched for good is remembered."""
    driven, _ = matched("every x=X -> y=Y", "X1", "Y1", by="key")
    assert driven.operator.statistics()["keys"] == 0
    driven, _ = matched("x=X -> y=Y", "X1", "Y1", by="key")
    assert driven.operator.statistics()["keys"] == 1
    driven.advance(25 * 3600 * SECOND)
    assert driven.operator.statistics()["keys"] == 0


def test_a_row_of_two_streams_is_one_event() -> None:
    """A row that comes through two ports, with one id and one depth, cannot follow itself."""
    node = node_of("every x=X -> y=Y", within=SECOND * 5)
    driven = driver(node)
    rows = rows_of(["X1", "X2"])["X"]
    driven.give([Batch(rows)], 0)
    driven.give([Batch(rows.with_columns(id=pl.lit("Y") + pl.col("id")))], 1)
    driven.advance(9 * SECOND)
    assert said(driven) == ["t=2s:x=X1 y=YX2"]


def test_the_depth_of_a_block_orders_rows_of_one_instant() -> None:
    """Of rows of one instant, the one of the deeper block comes after."""
    node = node_of("every x=X -> y=Y", within=SECOND * 5)
    for depth, expected in ((0, []), (2, ["t=1s:x=X1 y=Y1"])):
        driven = driver(node)
        x, y = rows_of(["X1"])["X"], rows_of(["Y1"])["Y"].with_columns(pl.lit(7, pl.UInt64).alias(ID))
        driven.give([Batch(x.with_columns(pl.lit(1, pl.UInt16).alias(DEPTH)))], 0)
        driven.give([Batch(y.with_columns(pl.lit(depth, pl.UInt16).alias(DEPTH)))], 1)
        driven.advance(9 * SECOND)
        assert said(driven) == expected


def test_silence_behind_the_last_row_is_not_invented() -> None:
    """At the end of the input, timers behind the last row do not fire; with time going on they do."""
    for end, expected in ((True, []), (False, ["t=6s:x=X1"])):
        node = node_of("every x=X -> (timer:interval(5s) and not Y)")
        driven = driver(node)
        give_all(driven, node, rows_of(["X1"]))
        driven.advance(60 * SECOND, end=end)
        assert said(driven) == expected


def test_a_pattern_of_a_file_begins_with_its_first_row() -> None:
    """Without a start of the run, what begins with a timer is counted from the first row of its streams."""
    node = node_of("every (timer:interval(2s) and not Y(n > 100))")
    driven = driver(node, start=None)
    rows = rows_of(["-", "-", "Y1", "-", "-", "Y2"])
    give_all(driven, node, rows)
    driven.advance(9 * SECOND)
    assert said(driven) == ["t=5s", "t=7s"]


ATOMS = st.sampled_from(["x=X", "x=X(n % 2 = 0)", "X"])
OTHERS = st.sampled_from(["y=Y", "y=Y(n > 4)", "Y"])
BACK = st.sampled_from(["y=Y(n > x.n + 1)", "y=Y(UPPER(id) > x.id)", "y=Y"])


def patterns() -> st.SearchStrategy[str]:
    """Patterns of all operators, none of which grows without bound."""
    pairs = st.one_of(
        st.builds(lambda y: f"every x=X -> {y}", BACK),
        st.builds(lambda y: f"every x=X -> every {y}", BACK),
        st.builds(lambda y: f"every (x=X -> {y})", BACK),
        st.builds(lambda y: f"every x=X -[2]> {y} where timer:within(3s)", BACK),
        st.builds(lambda x, y: f"every ({x} and {y})", ATOMS, OTHERS),
        st.builds(lambda x, y: f"every {x} and every {y}", ATOMS, OTHERS),
        st.builds(lambda x, y: f"every ({x} or {y})", ATOMS, OTHERS),
        st.builds(lambda x, y: f"every ({x} and not {y})", ATOMS, OTHERS),
        st.builds(lambda x, y: f"every {x} -> (timer:interval(2s) and not {y})", ATOMS, OTHERS),
        st.builds(lambda x: f"every [2] {x}", ATOMS),
        st.builds(lambda x, y: f"every ([1:3] {x} until {y})", ATOMS, OTHERS),
        st.builds(lambda x, y: f"every ({x} until {y})", ATOMS, OTHERS),
        st.builds(lambda x: f"every-distinct(x.n % 3, 3s) {x}", st.sampled_from(["x=X", "x=X(n > 2)"])),
        st.builds(lambda x: f"every ((every {x}) where timer:withinmax(4s, 2))", ATOMS),
        st.builds(lambda y: f"(every x=X -> {y}) while (y.n < 9)", BACK.filter(lambda b: b[0] == "y")),
        st.builds(lambda y: f"x=X -> {y} -> z=Z", BACK),
    )
    return st.one_of(pairs, st.builds(lambda p: f"every z=Z -> ({p})", pairs.filter(lambda p: "z=" not in p)))


STREAMS = st.lists(st.sampled_from(["X", "Y", "Z", "-"]), min_size=1, max_size=14)
_NODES: dict[tuple[str, str], PatternNode] = {}


@given(patterns(), STREAMS, st.data())
@settings(max_examples=120, deadline=None)
def test_neither_slices_nor_restarts_matter(pattern: str, kinds: list[str], data: st.DataObject) -> None:
    """However rows and watermarks are cut, and wherever it is stopped and started again: the same rows and ids."""
    by = data.draw(st.sampled_from(["", "key"]))
    node = _NODES.setdefault((pattern, by), node_of(pattern, within=6 * SECOND, limit=6, by=by))
    words = [k if k == "-" else f"{k}{n}" for n, k in enumerate(kinds)]
    rows = rows_of(words, ("a", "b"), data.draw(st.sampled_from([SECOND, SECOND // 2])))
    last = (len(words) + 9) * SECOND
    whole = driver(node)
    give_all(whole, node, rows)
    whole.advance(last)

    driven = driver(node)
    cuts = {
        kind: list(cut(frame, data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))))
        for kind, frame in rows.items()
    }
    mark = 0
    while any(cuts.values()):
        port, kind = data.draw(st.sampled_from([(p, k) for p, k in ports_of(node) if cuts.get(k)] or [(0, "")]))
        if not kind:
            break
        driven.give([Batch(cuts[kind].pop(0))], port)
        ahead = [int(f[0][TIME].to_physical()[0]) for k, f in cuts.items() if f and k in node.inputs]
        mark = max(mark, data.draw(st.integers(mark, min([*ahead, last]))))
        driven.advance(mark)
        if data.draw(st.booleans()):
            driven.restart()
    driven.advance(last)
    assert table(driven).equals(table(whole))
    assert isinstance(driven.operator, PatternOperator)


def table(driven: Driver) -> pl.DataFrame:
    """All rows that were said, in order."""
    return pl.concat(driven.out) if driven.out else pl.DataFrame()
