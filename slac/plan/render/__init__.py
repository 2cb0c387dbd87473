"""A plan as text for people, and as Mermaid and DOT for tools that draw."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from slac.plan.graph import Plan
from slac.plan.render.dot import dot
from slac.plan.render.mermaid import mermaid
from slac.plan.render.svg import svg
from slac.plan.render.text import text

RENDERERS: Mapping[str, Callable[[Plan], str]] = MappingProxyType(
    {"text": text, "json": lambda plan: plan.to_json().decode() + "\n", "mermaid": mermaid, "dot": dot, "svg": svg}
)
"""What writes a plan in each format; every result ends with a line break."""

__all__ = ["RENDERERS", "dot", "mermaid", "svg", "text"]
