"""What conditions let through, as far as declared keys tell."""

from __future__ import annotations

import pytest

from slac.plan.expressions import AnyExpr, Call, Column, Literal
from slac.shedding.capacity.keys import declared_keys
from slac.shedding.capacity.selectivity import selectivity
from slac.stream.types import Bool, String

KEYS = declared_keys({"name": 200, "module": 20, "name, host": 5_000})


def _is(column: str, *values: str) -> Call:
    texts = tuple(Literal(value=v, dtype=String()) for v in values)
    return Call(
        function="=" if len(values) == 1 else "in", args=(Column(name=column, dtype=String()), *texts), dtype=Bool()
    )


def _joined(word: str, *args: AnyExpr) -> Call:
    return Call(function=word, args=args, dtype=Bool())


@pytest.mark.parametrize(
    ("expr", "share"),
    [
        (None, None),
        (_is("name", "a"), 1 / 200),
        (_is("name", "a", "b", "c"), 3 / 200),
        (_is("host", "a"), None),
        (_joined("and", _is("name", "a"), _is("module", "b")), 1 / 4_000),
        (_joined("and", _is("name", "a"), _is("host", "b")), 1 / 200),
        (_joined("or", _is("name", "a"), _is("module", "b")), 11 / 200),
        (_joined("or", _is("name", "a"), _is("host", "b")), None),
        (_joined("not", _is("name", "a")), None),
    ],
)
def test_shares(expr: AnyExpr | None, share: float | None) -> None:
    """Equalities on declared keys tell; what another declaration only bounds does not; the rest lets all through."""
    assert selectivity(expr, KEYS) == (None if share is None else pytest.approx(share))
