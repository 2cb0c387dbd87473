"""Other loads than the declared ones."""

from __future__ import annotations

import pytest

from slac.diagnostics import UsageError
from slac.plan.nodes import RateSpec, SourceNode
from slac.shedding.capacity.what_if import suppose
from tests.shedding.capacity.plans import plan


def _rate(text: str) -> RateSpec:
    node = suppose(plan(), text).plan["watchdog"]
    assert isinstance(node, SourceNode)
    assert node.rate is not None
    return node.rate


def test_a_multiple_moves_normal_and_burst() -> None:
    """Twice the rate is twice the burst, too; a rate of its own keeps their ratio."""
    assert (_rate("rate=2x").normal, _rate("rate=2x").burst) == (200.0, 2_000.0)
    assert (_rate("rate.watchdog=50/s").normal, _rate("rate=50/s").burst) == (50.0, 500.0)
    assert _rate("burst=3x").burst == 3_000.0


def test_keys_of_all_columns_or_of_some() -> None:
    """Columns of a list are joined by a plus sign."""
    assert _rate("keys=2x").keys == {"module": 40, "module, test_case": 400}
    assert _rate("keys.module=7, keys.module+test_case=9").keys == {"module": 7, "module, test_case": 9}
    assert _rate("skew.module=1.1").skew == {"module": 1.1}


def test_passes_instances_and_lateness() -> None:
    """Without a name, instances are those of every node that reads inputs."""
    assert _rate("passes.runs=2%").passes == {"runs": 0.02}
    assert suppose(plan(), "instances=4").instances == {"edge": 4}
    assert suppose(plan(), "instances.central=2,rate=2x").instances == {"central": 2}
    node = suppose(plan(), "lateness=5s").plan["watchdog"]
    assert isinstance(node, SourceNode)
    assert node.lateness == 5_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rats=2x", 'did you mean "rate"?'),
        ("rate", 'does not know "rate"'),
        ("rate=fast", '"fast" is not a rate'),
        ("rate.nobody=2x", 'no input is called "nobody"; there are: watchdog'),
        ("rate.watchdg=2x", 'did you mean "watchdog"?'),
        ("keys.modul=5", 'did you mean "module"?'),
        ("keys=many", '"many" is not a number'),
        ("instances.edg=2", 'did you mean "edge"?'),
        ("instances=0", "not a number of instances"),
        ("passes.rums=2%", 'did you mean "runs"?'),
        ("passes.runs=2", "write it like 2%"),
        ("skew=1", "say of which columns"),
        ("lateness=soon", "soon"),
        ("rate=0x", "is nothing"),
    ],
)
def test_what_cannot_be_supposed(text: str, said: str) -> None:
    """Each mistake says what is there, or how it is written."""
    with pytest.raises(UsageError, match=said.replace("?", r"\?")):
        suppose(plan(), text)
