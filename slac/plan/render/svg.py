"""A plan as a picture: columns from inputs to outputs, a frame for every node of the placement, dashed links."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from html import escape
from itertools import accumulate, pairwise
from typing import Final

import networkx as nx

from slac.plan.graph import Plan
from slac.plan.nodes import AnyNode, LinkInNode
from slac.plan.render.describe import describe
from slac.plan.render.layers import GAP, Layout, lay_out

WIDTH: Final = 190.0
"""Points of a box."""
_BETWEEN: Final = 70.0
_MARGIN: Final = 20.0
_HEAD: Final = 26.0
_TITLE: Final = 40.0
_LINE: Final = 14.0
_LETTERS: Final = 30
_ID_LETTERS: Final = 25
_FILL: Final[Mapping[str, str]] = {
    "source": "#e3f4e5",
    "window": "#e4eefb",
    "latest_join": "#e4eefb",
    "audit": "#fdf1d8",
    "violation": "#fbe3e1",
    "absence": "#fbe3e1",
    "output": "#efe6f7",
}
_STYLE: Final = (
    "text{font:11px sans-serif;fill:#222}.id{font-weight:bold;font-size:12px}.title{font-size:16px;font-weight:bold}"
    ".frame{fill:#fafafa;stroke:#999}.box{stroke:#555}.edge{fill:none;stroke:#555}"
    ".link{stroke-dasharray:6 4;stroke:#06c}"
    ".dim{opacity:.3}.lit .box{stroke:#c50;stroke-width:2}.lit .edge{stroke:#c50;stroke-width:2}"
)
_TIP: Final = (
    '<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0L8 4L0 8z" fill="#555"/></marker></defs>'
)


def svg(plan: Plan, *, lit: Collection[str] = ()) -> str:
    """An SVG document of its own: no script, no font, nothing from elsewhere; ends with a line break.

    `lit`: nodes that stand out, with the arrows between them; all others step back.
    """
    picture = _picture(plan)
    width, height = picture.size
    body = [*_frames(plan, picture), *_edges(plan, picture, lit), *(_box(n, picture, lit) for n in plan.nodes)]
    size = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
            f"<title>{escape(plan.document)}</title>",
            f"<style>{_STYLE}</style>",
            _TIP,
            '<rect width="100%" height="100%" fill="white"/>',
            f'<text class="title" x="{_MARGIN:g}" y="{_MARGIN + 8:g}">{escape(plan.document)}</text>',
            *body,
            "</svg>\n",
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Picture:
    """The layout in points: `tops` of the bands, `texts` of the boxes."""

    layout: Layout
    bands: Mapping[str, int]
    tops: tuple[float, ...]
    texts: Mapping[str, tuple[str, ...]]
    size: tuple[float, float]

    def left(self, column: int) -> float:
        """The left side of the boxes of a column."""
        return 2 * _MARGIN + column * (WIDTH + _BETWEEN)

    def middle(self, node: str) -> float:
        """The vertical middle of a box."""
        return self.tops[self.bands[node]] + self.layout.middle[node]

    def height(self, node: str) -> float:
        """The height of a box."""
        return _height(self.texts[node])


def _picture(plan: Plan) -> _Picture:
    placements = {p.name: i for i, p in enumerate(plan.data.placements)}
    bands = {n.id: placements[n.node] for n in plan.nodes}
    texts = {n.id: _text(n) for n in plan.nodes}
    layout = lay_out(_graph(plan), bands, {n: _height(text) for n, text in texts.items()})
    steps = [h + _HEAD + _MARGIN + GAP for h in layout.band_heights]
    tops = tuple(accumulate(steps, initial=_TITLE + _HEAD))
    columns = max(layout.column.values(), default=0) + 1
    width = 4 * _MARGIN + columns * WIDTH + (columns - 1) * _BETWEEN
    return _Picture(layout=layout, bands=bands, tops=tops, texts=texts, size=(width, tops[-1] - _HEAD + _MARGIN))


def _graph(plan: Plan) -> nx.DiGraph[str]:
    """The plan's graph with its links, which join the runtimes."""
    graph: nx.DiGraph[str] = nx.DiGraph(plan.graph)
    graph.add_edges_from(_links(plan))
    return graph


def _links(plan: Plan) -> list[tuple[str, str]]:
    return [(f"{n.stream}.out.{n.node}", n.id) for n in plan.nodes if isinstance(n, LinkInNode)]


def _frames(plan: Plan, picture: _Picture) -> Iterator[str]:
    for i, placement in enumerate(plan.data.placements):
        y, height = picture.tops[i] - _HEAD, picture.layout.band_heights[i] + _HEAD + _MARGIN
        columns = [picture.layout.column[n.id] for n in plan.nodes if n.node == placement.name] or [0]
        x = picture.left(min(columns)) - _MARGIN
        width = picture.left(max(columns)) + WIDTH + _MARGIN - x
        yield f'<rect class="frame" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="6"/>'
        yield f'<text class="id" x="{x + 10:.1f}" y="{y + 17:.1f}">{escape(placement.name)}</text>'


def _box(node: AnyNode, picture: _Picture, lit: Collection[str]) -> str:
    x, height = picture.left(picture.layout.column[node.id]), picture.height(node.id)
    y = picture.middle(node.id) - height / 2
    name = node.id if len(node.id) <= _ID_LETTERS else f"{node.id[: _ID_LETTERS - 1]}…"
    fill = _FILL.get(str(node.__struct_config__.tag), "#f2f2f2")
    lines = "".join(
        f'<text x="{x + 8:.1f}" y="{y + 18 + _LINE * i:.1f}">{escape(line)}</text>'
        for i, line in enumerate(picture.texts[node.id], start=1)
    )
    return (
        f"<g{_light(lit, node.id)}><title>{escape(f'{node.id}: {describe(node)}')}</title>"
        f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{WIDTH:g}" height="{height:.1f}" rx="4" fill="{fill}"/>'
        f'<text class="id" x="{x + 8:.1f}" y="{y + 17:.1f}">{escape(name)}</text>{lines}</g>'
    )


def _light(lit: Collection[str], *nodes: str) -> str:
    if not lit:
        return ""
    return ' class="lit"' if all(n in lit for n in nodes) else ' class="dim"'


def _edges(plan: Plan, picture: _Picture, lit: Collection[str]) -> Iterator[str]:
    links = set(_links(plan))
    for a, b in [(i, n.id) for n in plan.nodes for i in n.inputs] + sorted(links):
        kind = "edge link" if (a, b) in links else "edge"
        path = f'<path class="{kind}" d="{_curve(a, b, picture)}" marker-end="url(#tip)"/>'
        yield f"<g{_light(lit, a, b)}>{path}</g>" if lit else path


def _curve(a: str, b: str, picture: _Picture) -> str:
    """From the right side of a box to the left side of another, straight past the boxes between."""
    column, top = picture.layout.column, picture.tops[picture.bands[b]]
    points = [(picture.left(column[a]) + WIDTH, picture.middle(a))]
    for i, y in picture.layout.ways[a, b]:
        points += [(picture.left(i), top + y), (picture.left(i) + WIDTH, top + y)]
    points.append((picture.left(column[b]), picture.middle(b)))
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (x1, y1), (x2, y2) in pairwise(points):
        half = (x1 + x2) / 2
        straight = abs(y1 - y2) < 0.1
        parts.append(
            f"L{x2:.1f} {y2:.1f}" if straight else f"C{half:.1f} {y1:.1f} {half:.1f} {y2:.1f} {x2:.1f} {y2:.1f}"
        )
    return "".join(parts)


def _text(node: AnyNode) -> tuple[str, ...]:
    """What the node does, in lines. What it reads, the arrows say."""
    words = describe(node).partition(", from ")[0]
    return tuple(textwrap.wrap(words, _LETTERS, max_lines=5, placeholder=" …"))


def _height(lines: tuple[str, ...]) -> float:
    return 28.0 + _LINE * len(lines)
