"""Settings that all tests share: property tests draw the same examples every time, and few of them; and their order."""

from itertools import groupby

import pytest
from hypothesis import HealthCheck, settings

SLOW_IS_FINE = [HealthCheck.too_slow]
"""How long it takes to draw examples says something of the machine, and nothing of what is tested."""

settings.register_profile(
    "slac", derandomize=True, deadline=None, max_examples=40, suppress_health_check=SLOW_IS_FINE, print_blob=True
)
settings.register_profile(
    "thorough", deadline=None, max_examples=1_000, suppress_health_check=SLOW_IS_FINE, print_blob=True
)
settings.load_profile("slac")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that start processes, which mostly wait, stand evenly among the others, and quick ones at the end.

    Workers take over from each other what is left (`--dist worksteal`): together at the end, the long ones would keep
    one busy while the others have nothing to do.
    """
    files = [list(tests) for _, tests in groupby(items, key=lambda item: item.path)]
    slow = [tests for tests in files if any(test.get_closest_marker("processes") for test in tests)]
    quick = [tests for tests in files if tests not in slow]
    between = max(len(quick) // max(len(slow), 1), 1)
    for place, tests in enumerate(slow):
        quick.insert(place * (between + 1), tests)
    items[:] = [test for tests in quick for test in tests]
