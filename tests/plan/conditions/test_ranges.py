"""What is known of values before any row is seen: ranges of expressions, and judgements of conditions."""

from typing import get_args

import pytest

from slac.compiler import compile_document
from slac.diagnostics import DocumentInvalid, Source
from slac.plan.bounds import state_bound
from slac.plan.conditions.streams import facts_of
from slac.plan.conditions.verdicts import verdict
from slac.plan.nodes import AnyNode, SelectNode, ViolationNode

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: t}
spec:
  events:
    E: {payload: {x: int, f: float, ok: bool, s: string}}
  inputs:
    e: {adapter: file, path: e.ndjson, emits: E}
  computations:
    w:
      from: e
      window: tumbling 1m
      select:
        - n: COUNT(*)
        - good: COUNT(*) FILTER (WHERE ok)
        - slow: COUNT(*) FILTER (WHERE ok AND x > 5)
        - flags: "SUM(CASE WHEN ok THEN 1 ELSE 0 END)"
        - mean: AVG(x)
        - worst: "WORST(s, 'a', 'b')"
        - size: MAX(LENGTH(s))
    w2:
      from: w
      window: tumbling 5m
      select: [{n: SUM(n)}, {good: SUM(good)}, {slow: SUM(slow)}, {flags: SUM(flags)}, {mean: MAX(mean)},
        {worst: LAST(worst)}, {size: MAX(size)}]
  violations:
    v: {from: STREAM, where: "CONDITION"}
  outputs:
    o: {adapter: stdout, from: [v]}
"""


def judged(stream: str, condition: str) -> str:
    """What is found out about a condition over the rows of a window (or over its rows' windows)."""
    text = DOCUMENT.replace("STREAM", stream).replace("CONDITION", condition)
    try:
        plan = compile_document(Source("t", text)).plan
    except DocumentInvalid as invalid:
        return "never" if {d.code for d in invalid.diagnostics} == {"thresholds/never"} else str(invalid)
    node = next(n for n in plan.nodes if isinstance(n, ViolationNode))
    return verdict(node.condition, facts_of(plan.nodes)[node.inputs[0]])


@pytest.mark.parametrize("stream", ["w", "w2"])
@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("n < 0", "never"),
        ("n >= 0", "always"),
        ("n > 3", "open"),
        ("good / n > 1", "never"),
        ("good / n <= 1", "always"),
        ("good / n > 0.5", "open"),
        ("n / good > 1", "open"),
        ("100 * good / n > 100", "never"),
        ("100.0 * (good / n) >= 100", "open"),
        ("ROUND(good / n, 2) > 1", "never"),
        ("slow / good > 1", "never"),
        ("slow > good", "never"),
        ("slow <= n", "always"),
        ("(n - good) / n > 1.5", "never"),
        ("n - good < 0", "never"),
        ("1 - good / n < 0", "never"),
        ("(good / n) / (1 - 0.99) > 101", "never"),
        ("(good / n) / (1 - 0.99) > 14.4", "open"),
        ("worst = 'c'", "never"),
        ("worst IN ('a', 'c')", "open"),
        ("size < 0", "never"),
        ("n > 5 AND n < 3", "never"),
        ("n > 5 OR n < 0", "open"),
        ("NOT (n >= 0)", "never"),
        ("ABS(mean) < 0", "never"),
        ("mean < 0", "open"),
    ],
)
def test_a_condition_is_judged(stream: str, condition: str, expected: str) -> None:
    """Counts, parts of counts and what is computed of them, in one window or over the rows of several."""
    assert judged(stream, condition) == expected


def test_sums_of_flags_are_parts_of_the_count() -> None:
    """SUM over values between 0 and 1 is at most COUNT(*)."""
    assert judged("w", "flags / n > 1") == "never"


def test_every_kind_of_node_has_a_bound() -> None:
    """A new kind of node must say how much state it holds."""
    kinds: tuple[type[AnyNode], ...] = get_args(AnyNode)

    assert not [k.__name__ for k in kinds if state_bound.dispatch(k) is state_bound.dispatch(object)]
    assert state_bound.dispatch(SelectNode) is not state_bound.dispatch(object)
