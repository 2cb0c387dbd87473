"""Plans as pictures."""

import xml.etree.ElementTree as ET
from itertools import combinations
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.plan.render import svg
from slac.plan.render.layers import lay_out

ROOT = Path(__file__).parents[3]
SCENARIOS = sorted((ROOT / "sla_docs" / "scenarios").glob("*[!t].yaml"))
SVG = "{http://www.w3.org/2000/svg}"


def drawn(path: Path) -> ET.Element:
    """The picture of a document, as its parser sees it."""
    return ET.fromstring(svg(compile_document(Source(path.name, path.read_text(encoding="utf-8"))).plan))


def rectangle(element: ET.Element) -> tuple[float, float, float, float]:
    """Left, top, right and bottom."""
    x, y, width, height = (float(element.attrib[k]) for k in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_boxes_stand_apart_inside_their_frames(path: Path) -> None:
    """No two boxes overlap, each is in one frame, and all is inside the picture."""
    root = drawn(path)
    rectangles = [e for e in root.iter(f"{SVG}rect") if "class" in e.attrib]
    boxes = [rectangle(e) for e in rectangles if e.attrib["class"] == "box"]
    frames = [rectangle(e) for e in rectangles if e.attrib["class"] == "frame"]
    right, bottom = float(root.attrib["width"]), float(root.attrib["height"])

    assert boxes
    for a, b in combinations(boxes, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for box in boxes:
        inside = [f for f in frames if f[0] <= box[0] and f[1] <= box[1] and box[2] <= f[2] and box[3] <= f[3]]
        assert len(inside) == 1
    assert all(f[0] >= 0 and f[1] >= 0 and f[2] <= right and f[3] <= bottom for f in frames)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda p: p.stem)
def test_every_edge_is_drawn(path: Path) -> None:
    """One path for each input of each node, and a dashed one for each link."""
    plan = compile_document(Source(path.name, path.read_text(encoding="utf-8"))).plan
    kinds = [e.attrib["class"] for e in drawn(path).iter(f"{SVG}path") if "class" in e.attrib]
    assert kinds.count("edge") == sum(len(n.inputs) for n in plan.nodes)
    assert kinds.count("edge link") == len({n.id for n in plan.nodes if n.id.endswith(".in.edge")})


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 11)), max_size=25), st.integers(1, 3))
def test_any_graph_is_laid_out_without_overlap(pairs: list[tuple[int, int]], bands: int) -> None:
    """Edges run from left to right, and no two nodes of a band and column overlap."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(str(n) for n in range(12))
    graph.add_edges_from((str(min(p)), str(max(p))) for p in pairs if p[0] != p[1])
    band = {str(n): n % bands for n in range(12)}
    layout = lay_out(graph, band, dict.fromkeys(graph, 40.0))

    assert all(layout.column[a] < layout.column[b] for a, b in graph.edges)
    for a, b in combinations(graph, 2):
        if (band[a], layout.column[a]) == (band[b], layout.column[b]):
            assert abs(layout.middle[a] - layout.middle[b]) >= 40
    assert all(20 - 1e-6 <= layout.middle[n] <= layout.band_heights[band[n]] - 20 + 1e-6 for n in graph)
