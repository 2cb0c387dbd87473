"""What knowing failures is worth in the same processor time: what is compared, and that it is worth something."""

from __future__ import annotations

import pytest

from benchmarks.overload.equal import KIND, SHARES, columns, kept_in, line_of, lines, planned_for
from benchmarks.overload.worth import lowest, result
from slac.shedding.admission import Admission, weight_of
from slac.stream.batch import WEIGHT_ONE


def test_what_is_kept_in_a_time() -> None:
    """Twice as dear a look leaves less to keep; of no time nothing is kept but the least."""
    plain, gate = (line_of([look + 1.0 * share for share in SHARES]) for look in (0.1, 0.2))
    assert plain[0] == pytest.approx(0.1)
    assert plain[1] == pytest.approx(1.0)
    assert kept_in(plain[0] + 0.5 * plain[1], plain) == pytest.approx(0.5)
    assert kept_in(plain[0] + 0.5 * plain[1], gate) == pytest.approx(0.4)
    assert 0 < kept_in(0.0, gate) < 0.001


def test_both_forms_hold_the_same_events() -> None:
    """As many, in waves as a gate gathers them."""
    assert sum(r.ndjson.count(b"\n") for r in lines() if r.ndjson) == sum(
        r.frame.height for r in columns() if r.frame is not None
    )


def test_failures_are_worth_more_than_their_look_costs() -> None:
    """All are kept; with two thirds of the events that chance keeps, no number is half as wrong, and intervals hold."""
    admission = planned_for(0.17)
    assert admission.hoisted == {1: WEIGHT_ONE}
    chosen, plain = result(KIND, admission), result(KIND, Admission(unread=weight_of(0.25)))
    assert chosen.kept == pytest.approx(0.17, rel=0.05)
    for name in ("failed", "ratio", "value"):
        assert chosen.error(name) < 0.5 * plain.error(name)
        assert chosen.held(name) > lowest(0.95, 2000)
