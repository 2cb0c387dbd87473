"""The end of a stream is news of its own."""

from slac.plan.graph import Placement, Plan, PlanData
from slac.plan.nodes import LinkInNode, LinkOutNode
from slac.runtime.core import Core
from slac.runtime.instructions import Send
from slac.stream.types import Schema


def test_what_was_safe_before_the_end_does_not_pass_for_it() -> None:
    """A runtime in the middle, whose last rows were filtered away further down, says its end behind all it has said."""
    link_in = LinkInNode(
        id="s.in", block="s", node="middle", inputs=(), schema=Schema(), stream="s", origin="edge", hold=1
    )
    link_out = LinkOutNode(
        id="s.out", block="s", node="middle", inputs=("s.in",), schema=Schema(), stream="s", to="central"
    )
    data = PlanData(document="d", nodes=(link_in, link_out), placements=(Placement(name="middle"),))
    core = Core(Plan(data), now=0, live=False)

    said = core.on_link("s", "edge/a", Send("s", "middle", None, 100), now=0)
    said += core.on_link("s", "edge/a", Send("s", "middle", None, 101, ended=True, real=100), now=0)

    sent = [(i.watermark, i.ended) for i in said if isinstance(i, Send)]
    assert sent[0] == (100, False)
    assert sent[-1] == (101, True)
