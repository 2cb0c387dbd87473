"""The benchmark of estimates compares what it says."""

from benchmarks.estimates import run


def test_classes_are_worth_more_than_chance() -> None:
    """At one number of kept events counts of failures are exact, and means of a few long ones much closer."""
    rows = {r.name: r for r in run()}

    assert rows["count of failures: relative error"].value == 0
    assert rows["error ratio: relative error"].value == 0
    assert rows["mean latency: relative error"].met
    assert rows["dropped at random: intervals of count of failures that hold"].value > 85
