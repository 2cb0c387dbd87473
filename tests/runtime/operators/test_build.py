"""Every inner node has its operator."""

from __future__ import annotations

import pytest

from slac.plan.nodes import (
    AnyNode,
    IntervalJoinNode,
    LatestJoinNode,
    OutputNode,
    SelectNode,
    UnionNode,
    WindowNode,
    WindowSpec,
)
from slac.runtime.operators.build import build_operator
from slac.stream.types import Schema
from tests.runtime.operators.driving import CONTEXT

COMMON = {"id": "b", "block": "b", "node": "edge", "schema": Schema()}
SPEC = WindowSpec(kind="tumbling", size=1)


@pytest.mark.parametrize(
    ("node", "name"),
    [
        (SelectNode(**COMMON), "SelectOperator"),  # type: ignore[arg-type]
        (UnionNode(**COMMON, depths=()), "UnionOperator"),  # type: ignore[arg-type]
        (WindowNode(**COMMON, keys=(), window=SPEC, aggregates=(), retain=1), "DoubtingWindow"),  # type: ignore[arg-type]
        (LatestJoinNode(**COMMON, alias="l", by=(), right_columns=(), retain=1), "EstimatingJoin"),  # type: ignore[arg-type]
        (IntervalJoinNode(**COMMON, alias="l", by=(), right_columns=(), limit=1), "EstimatingJoin"),  # type: ignore[arg-type]
    ],
)
def test_a_node_gets_the_operator_of_its_kind(node: AnyNode, name: str) -> None:
    """By the type of the node."""
    assert type(build_operator(node, CONTEXT)).__name__ == name


def test_the_rim_belongs_to_the_core() -> None:
    """A source, output or link is not built here."""
    with pytest.raises(TypeError, match='node "b" \\(OutputNode\\)'):
        build_operator(OutputNode(**COMMON, adapter="stdout", blocks=(), kinds=()), CONTEXT)  # type: ignore[arg-type]
