"""Where windows, absences and what reads them run."""

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.graph import Plan
from slac.plan.nodes import AbsenceNode, LinkInNode, LinkOutNode, WindowNode

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {{name: d}}
spec:
  events:
    E: {{payload: {{k: string, x: float}}}}
  inputs:
    e: {{adapter: file, path: e.ndjson, emits: E, rate: {{normal: 1/s}}}}
  computations:
    w: {{from: e, by: k, window: tumbling 1m, select: [{{n: COUNT(*)}}, {{m: MAX(x)}}]}}
    v: {{from: w, window: same, select: [{{n: SUM(n)}}]}}
  audits:
    a: {{from: v, states: {{up: {{when: n > 1, verdict: ok}}, down: {{when: n <= 1, verdict: violated}}}}}}
  violations:
    silent: {{absent: e, for: 1m, by: k}}
  outputs:
    log: {{adapter: stdout, from: [a, silent]}}
  placement:
    edge: {{blocks: [{edge}], connect: central}}
    central: {{blocks: ["*"], listen: "tcp://127.0.0.1:7000", hold: 7s}}
"""


def plan_of(edge: str, *, collapse: bool = False) -> Plan:
    """The plan with `edge` on the edge and all else on central."""
    return compile_document(Source("d.yaml", DOCUMENT.format(edge=edge)), CompileOptions(collapse=collapse)).plan


def homes(plan: Plan) -> dict[str, str]:
    """Node id -> where it runs, links aside."""
    return {n.id: n.node for n in plan.nodes if not isinstance(n, LinkInNode | LinkOutNode)}


SPLIT = {
    "e": "edge",
    "w.partial": "edge",
    "w": "central",
    "v": "central",
    "a": "central",
    "silent.partial": "edge",
    "silent": "central",
    "log": "central",
}


def test_a_window_of_the_centre_over_rows_of_the_edge_is_split() -> None:
    """Partials are computed where the rows are, although the block is placed on central."""
    assert homes(plan_of("e")) == SPLIT


def test_a_chain_placed_on_the_edge_runs_where_the_final_runs() -> None:
    """The first reader elsewhere decides, however far behind the window it is; all between moves there."""
    assert homes(plan_of("e, w, v, a, silent")) == SPLIT


def test_what_nobody_elsewhere_reads_stays_whole() -> None:
    """With its output on the edge too, nothing is split there."""
    assert set(homes(plan_of("e, w, v, a, silent, log")).values()) == {"edge"}


def test_collapsed_nothing_is_split() -> None:
    """Everything on one node needs neither partials nor links."""
    plan = plan_of("e", collapse=True)

    assert homes(plan) == dict.fromkeys(["e", "w", "v", "a", "silent", "log"], "all")
    assert len(plan.nodes) == len(homes(plan))


def test_both_parts_know_what_they_need() -> None:
    """The partial computes no columns and never fills; the final has all that the whole would have."""
    plan = plan_of("e")
    partial, final = plan["w.partial"], plan["w"]

    assert isinstance(partial, WindowNode)
    assert isinstance(final, WindowNode)
    assert (partial.role, partial.project, partial.then, partial.fill) == ("partial", (), (), False)
    assert final.role == "final"
    assert partial.aggregates == final.aggregates
    assert partial.schema.names == ("k", "_a0.n", "_a1.value")
    assert final.schema.names == ("k", "n", "m")


def test_an_absence_is_split_with_its_keys() -> None:
    """The edge sends no more than the keys."""
    partial = plan_of("e")["silent.partial"]

    assert isinstance(partial, AbsenceNode)
    assert partial.role == "partial"
    assert partial.schema.names == ("k",)


def test_links_join_sender_and_receiver() -> None:
    """A pair a stream, named after it; the receiver holds as long as its node says."""
    plan = plan_of("e")
    out, into = plan["w.partial.out.central"], plan["w.partial.in.edge"]

    assert isinstance(out, LinkOutNode)
    assert isinstance(into, LinkInNode)
    assert (out.stream, out.to, out.node) == ("w.partial", "central", "edge")
    assert (into.stream, into.origin, into.node, into.hold) == ("w.partial", "edge", "central", 7_000_000)
    assert into.schema == out.schema == plan["w.partial"].schema
    assert plan["w"].inputs == (into.id,)


def test_only_the_window_that_an_audit_reads_is_filled() -> None:
    """`same` is told the size of the window that it takes over, so that it can close windows without rows."""
    plan = plan_of("e")
    whole, same = plan["w"], plan["v"]

    assert isinstance(whole, WindowNode)
    assert isinstance(same, WindowNode)
    assert (whole.fill, same.fill) == (False, True)
    assert (same.window.kind, same.window.size, same.window.every) == ("same", 60_000_000, 60_000_000)


def test_depth_is_the_longest_path_of_blocks() -> None:
    """The nodes of one block have one depth, on whatever node they run."""
    plan = plan_of("e")

    assert {n.block: n.depth for n in plan.nodes} == {"e": 0, "w": 1, "v": 2, "a": 3, "silent": 1, "log": 4}
    assert all(len({n.depth for n in plan.nodes if n.block == b}) == 1 for b in ("w", "silent"))
