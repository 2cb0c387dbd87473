"""The generated documents of the compile benchmark are sound, and the time does not grow like their square."""

import math

from benchmarks.compile import document, exponent, laps
from slac.compiler import compile_document
from slac.diagnostics import Source


def test_a_generated_document_has_no_findings() -> None:
    """What is measured is the usual way, not that of errors; it has as many blocks as it says."""
    compiled = compile_document(Source("generated.yaml", document(100)))

    assert not compiled.diagnostics
    assert len({n.block for n in compiled.plan.nodes}) == 100


def test_the_exponent_tells_growth_apart() -> None:
    """0 for n log n, 1 for a factor n more."""
    sizes = (100, 200, 400, 800)

    assert abs(exponent({n: n * math.log(n) for n in sizes})) < 1e-9
    assert abs(exponent({n: n * n * math.log(n) for n in sizes}) - 1) < 1e-9


def test_time_does_not_grow_like_the_square() -> None:
    """Small documents are enough to see a search through all blocks for each block."""
    grown = exponent({n: sum(laps(Source("g", document(n))).values()) for n in (100, 400, 1600)})

    assert grown < 0.5
