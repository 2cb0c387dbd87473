"""An explanation as one page: the dataflow with the way to the verdict lit, and below it the tree."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final

from slac.evidence.why.step import Group, Step, Why
from slac.evidence.why.values import shown
from slac.plan.graph import Plan
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
