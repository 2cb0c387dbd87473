"""An explanation as one page: the dataflow with the way to the verdict lit, and below it the tree."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

import networkx as nx

from slac.evidence.why.step import Group, Step, Why
from slac.evidence.why.values import shown
from slac.evidence.why.why_not import KeyAnswer, WhyNot
from slac.plan.graph import Plan
from slac.plan.nodes import AuditNode, LinkInNode, LinkOutNode
from slac.plan.render.svg import svg

_STYLE: Final = (
    "body{font:14px sans-serif;margin:2em;color:#222}svg{max-width:100%;height:auto;border:1px solid #ddd}"
    "details{margin:.2em 0 .2em 1.2em;border-left:2px solid #ddd;padding-left:.8em}summary{cursor:pointer}"
    "code,.id{font-family:monospace}.id{color:#888}.how{color:#036}.is{color:#555}.role{color:#666;font-style:italic}"
    ".note{background:#fdf1d8;padding:.3em .6em}.missing{background:#fbe3e1;padding:.3em .6em}"
)


def as_html(why: Why, plan: Plan, lit: frozenset[str]) -> str:
    """A page of its own: no script, no font, nothing from elsewhere; ends with a line break."""
    title = f"{why.root.block} {why.root.time}"
    notes = [f'<p class="note">{escape(r)}</p>' for r in why.remarks]
    notes += [f'<p class="missing">missing: {escape(d)}</p>' for d in why.damage]
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>Why {escape(title)}</h1>",
            *notes,
            svg(plan, lit=lit),
            *_step(why.root, is_open=True),
            "</body></html>\n",
        ]
    )


def not_as_html(told: WhyNot, plan: Plan) -> str:
    """A page that says why an audit was not in a state: the way to it lit, and below it key by key."""
    own = next(n.id for n in plan.nodes if n.block == told.audit and isinstance(n, AuditNode))
    lit = _behind(plan, own)
    notes = [f'<p class="note">{escape(r)}</p>' for r in told.remarks]
    notes += [f'<p class="missing">missing: {escape(d)}</p>' for d in told.damage]
    title = f"{told.audit} {told.word} {told.state} at {told.at}"
    return "\n".join(
        [
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>Why {escape(title)}</h1>",
            *notes,
            svg(plan, lit=lit),
            *(line for answer in told.keys for line in _key(answer)),
            "</body></html>\n",
        ]
    )


def _behind(plan: Plan, node_id: str) -> frozenset[str]:
    """A node and all that leads to it, across links."""
    ends = {n.stream: n.id for n in plan.nodes if isinstance(n, LinkOutNode)}
    found: set[str] = set()
    open_ = {node_id}
    while open_:
        found |= open_.union(*(nx.ancestors(plan.graph, i) for i in open_))
        sent = {ends[n.stream] for n in plan.nodes if n.id in found and isinstance(n, LinkInNode) and n.stream in ends}
        open_ = sent - found
    return frozenset(found)


def _key(answer: KeyAnswer) -> Iterator[str]:
    name = ", ".join(f"{k} = {shown(v)}" for k, v in answer.key.items()) or "it"
    yield f"<details open><summary><b>{escape(name)}</b> was {escape(answer.state or 'not known yet')}</summary>"
    yield from (f'<div class="how"><code>{escape(line)}</code></div>' for line in answer.lines)
    yield "</details>"


def _step(step: Step, *, is_open: bool) -> Iterator[str]:
    revision = f" revision {step.revision}" if step.revision else ""
    values = ", ".join(f"{n}: {shown(v)}" for n, v in step.values.items())
    yield f"<details{' open' if is_open else ''}><summary><b>{escape(step.node)}</b> {escape(step.time)} "
    yield f'<span class="id">{step.id}{revision} {escape(step.runtime)}</span></summary>'
    yield f'<div class="is"><code>{escape(values)}</code></div>'
    yield from (f'<div class="how"><code>{escape(line)}</code></div>' for line in step.arithmetic)
    yield f"<details><summary>definition</summary><pre>{escape(chr(10).join(step.definition))}</pre></details>"
    for group in step.inputs:
        yield from _group(group, is_open=is_open)
    yield "</details>"


def _group(group: Group, *, is_open: bool) -> Iterator[str]:
    rows = "1 row" if group.count == 1 else f"{group.count} rows"
    role = f' <span class="role">{escape(group.role)}</span>' if group.role else ""
    witness = " (stands for all before it)" if group.witness else ""
    opened = " open" if is_open and not group.witness else ""
    yield f"<details{opened}><summary>{rows} of {escape(group.node)}{role}{witness}</summary>"
    for place, step in enumerate(group.steps):
        if place == len(group.steps) - 1 and group.count > len(group.steps):
            spans = ", ".join(f"{n}: {shown(a)} to {shown(b)}" for n, (a, b) in group.spans.items())
            yield f"<div>… {group.count - len(group.steps)} more <code>{escape(spans)}</code></div>"
        yield from _step(step, is_open=is_open and not group.witness and place == 0)
    yield "</details>"
