"""What the shipped documents promise, shown by their own tests."""

from pathlib import Path

import pytest

from slac.testing.cases import LoadedTest, load_tests, run_test

ROOT = Path(__file__).parents[2]
LOADED = load_tests([str(ROOT / "sla_docs"), str(ROOT / "examples")], environment={}, parameters={})
TESTS = LOADED.tests


@pytest.mark.parametrize("loaded", TESTS, ids=lambda t: f"{Path(t.document).stem}: {t.test.name}")
def test_a_promise(loaded: LoadedTest) -> None:
    """The same as `slac test sla_docs examples`."""
    from slac.cli.outcomes import failure_text

    result = run_test(loaded.plan, loaded.test)
    assert result.passed, "\n\n".join(map(failure_text, result.failures))


def test_both_scenarios_have_tests() -> None:
    """A file of tests that is not found would pass otherwise."""
    assert {Path(t.document).stem for t in TESTS} >= {"watchdog", "business_events"}
