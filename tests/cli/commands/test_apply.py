"""`slac apply` and `slac move`, as far as they come without runtimes, and whom they take for their partners."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from slac.cli.main import main
from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source, UsageError
from slac.plan.changes import at_home
from slac.plan.graph import Plan
from slac.runtime.inspection.client import Place
from slac.runtime.inspection.status import PeerStatus
from slac.runtime.succession.partners import Partner, in_order_of_flow, refuse_incomplete, refuse_unmovable
from tests.runtime.inspection.somebody import SOMEBODY

Captured = pytest.CaptureFixture[str]
DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  parameters:
    place: {type: string, default: here.ndjson}
    limit: {type: int, default: 5}
  events: {Order: {payload: {shop: string, amount: int}}}
  inputs: {orders: {adapter: file, path: "${place}", emits: Order}}
  probes: {large: {from: orders, where: "amount >= ${limit}", select: [shop, amount]}}
  violations: {huge: {from: large, where: amount > 1000}}
  outputs: {rows: {adapter: file, path: rows.ndjson, from: [large, huge]}}
  placement:
    edge: {blocks: [orders, large], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000"}
"""


def plan(moves: dict[str, str] | None = None, text: str = DOCUMENT, **parameters: str) -> Plan:
    """The document with values for its parameters."""
    return compile_document(Source("sla.yaml", text), CompileOptions(parameters=parameters, moves=moves or {})).plan


def partner(name: str, *, keeps: bool = True, **peers: PeerStatus) -> Partner:
    """A runtime and those that send to it."""
    node, _, instance = name.partition("/")
    status = msgspec.structs.replace(
        SOMEBODY, node=node, instance=instance, keeps=keeps, peers={k.replace("_", "/"): p for k, p in peers.items()}
    )
    return Partner(place=Place(name, "ipc://nowhere"), status=status)


HERE = PeerStatus(connected=True, heard=0, watermarks={})


def test_a_bad_document_is_refused_before_anybody_is_asked(tmp_path: Path, capsys: Captured) -> None:
    """With its diagnostics, and exit code 1; a good one finds no runtime."""
    path = tmp_path / "sla.yaml"
    path.write_text(DOCUMENT.replace("[shop, amount]", "[shop, amonut]"))
    assert main(["apply", str(path), "--directory", str(tmp_path)], environment={}) == 1
    told = capsys.readouterr().err
    assert 'did you mean "amount"?' in told
    assert "all runtimes go on with the plan that they run" in told
    path.write_text(DOCUMENT)
    assert main(["apply", str(path), "--directory", str(tmp_path)], environment={}) == 2
    assert 'no runtime of "shop" runs here' in capsys.readouterr().err
    assert main(["move", "large", "--to", "central", str(path), "--directory", str(tmp_path)], environment={}) == 2


def test_all_runtimes_must_be_there() -> None:
    """One that is away, one that is not found, one without a state directory, and a receiver that is missing."""
    central = partner("central/c", edge_a=HERE)
    refuse_incomplete([partner("edge/a"), central], plan())
    away = msgspec.structs.replace(HERE, connected=False)
    gone = msgspec.structs.replace(away, forgotten=True)
    refuse_incomplete([partner("edge/a"), partner("central/c", edge_a=HERE, edge_b=gone)], plan())
    for partners, reason in (
        ([partner("edge/a"), partner("central/c", edge_a=HERE, edge_b=away)], "edge/b cannot be reached by central/c"),
        ([central], "edge/a sends to central/c and was not found here"),
        ([partner("edge/a")], 'no runtime of the node "central" was found'),
        ([partner("edge/a", keeps=False), central], "edge/a runs without --state"),
    ):
        with pytest.raises(UsageError, match=reason):
            refuse_incomplete(partners, plan())


def test_who_decides() -> None:
    """The one that only receives; two of them cannot."""
    ordered = in_order_of_flow([partner("central/c"), partner("edge/b"), partner("edge/a")], plan())
    assert [p.name for p in ordered] == ["edge/a", "edge/b", "central/c"]
    with pytest.raises(UsageError, match="send to nobody"):
        in_order_of_flow([partner("central/c"), partner("central/d")], plan())


def test_a_state_that_belongs_to_one_runtime() -> None:
    """It moves from one to one; where several play a node, the block and the node are named."""
    moved = plan({"huge": "edge"}, DOCUMENT.replace("from: [large, huge]", "from: [large]"))
    before = plan(None, DOCUMENT.replace("from: [large, huge]", "from: [large]"))
    refuse_unmovable([partner("edge/a"), partner("central/c")], before, moved)
    with pytest.raises(UsageError, match=r'state of "huge" cannot go from central to edge.* 2 runtimes of it run'):
        refuse_unmovable([partner("edge/a"), partner("edge/b"), partner("central/c")], before, moved)


def test_a_move_is_part_of_the_plan() -> None:
    """It is another document to a state directory, and the block's home."""
    moved = plan({"large": "central"})
    assert moved.data.moves == {"large": "central"}
    assert moved["large"].node == "central"
    assert moved.data.digest != plan().data.digest


def test_what_a_place_has_filled_in_stays_there() -> None:
    """Settings with the same text in both documents; what they mean comes from who applies it."""
    own = plan(place="mine.ndjson", limit="7")
    applied = at_home(plan(place="theirs.ndjson", limit="9"), own)
    settings = {n.block: getattr(n, "settings", {}).get("path") for n in applied.nodes}
    assert settings["orders"] == "mine.ndjson"
    assert applied.meaning == plan(limit="9").meaning
    other = plan(None, DOCUMENT.replace('"${place}"', '"var/${place}"'), place="theirs.ndjson")
    assert {n.block: getattr(n, "settings", {}).get("path") for n in at_home(other, own).nodes}["orders"] == (
        "var/theirs.ndjson"
    )
