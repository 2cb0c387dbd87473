"""Shed contracts: `never`, `approximate`, `subset`, or a mapping that says more; and what was thinned before."""

from __future__ import annotations

from typing import Final

from slac.language.reading.cursor import Cursor
from slac.language.reading.terms import inner_span, ref, unit
from slac.language.shed_decls import SampledDecl, ShedDecl, ShedMode
from slac.language.sizes import parse_percentage
from slac.language.terms import Ref
from slac.language.yaml.nodes import Mapping

CONFIDENCE: Final = 0.95
TRACE: Final = "trace_id"
_MODES: Final[tuple[ShedMode, ...]] = ("never", "approximate", "subset")


def shed(owner: Cursor) -> ShedDecl | None:
    """The contract that a block or a document states; None where it states none."""
    cursor = owner.get("shed")
    if cursor is None:
        return None
    if not isinstance(cursor.node, Mapping):
        mode: ShedMode = next((m for m in _MODES if m == cursor.text), "approximate")
        return ShedDecl(mode=mode, span=inner_span(cursor) if cursor.text else cursor.key_span, path=cursor.path)
    approximate, subset = cursor.get("approximate"), cursor.get("subset")
    if approximate is not None and subset is not None:
        subset.say(
            "schema/bad-value",
            "a contract is either approximate or a subset",
            suggestion="keep one of them: results are estimates, or some of them are left out and all others exact",
        )
    error = unit(approximate.get("error"), parse_percentage) if approximate is not None else None
    confidence = unit(approximate.get("confidence"), parse_percentage) if approximate is not None else None
    by = subset.get("by") if subset is not None else None
    return ShedDecl(
        mode="approximate" if subset is None else "subset",
        error=error,
        confidence=CONFIDENCE if confidence is None else confidence,
        by="keys" if by is not None and by.text == "keys" else "windows",
        priority=_priority(cursor.get("priority")),
        span=cursor.key_span,
        path=cursor.path,
    )


def _priority(cursor: Cursor | None) -> int:
    said = (cursor.text if cursor is not None else None) or ""
    return int(said) if said.isdigit() else 1


def silent(owner: Cursor) -> ShedDecl:
    """The contract of an input where the document says nothing of load."""
    owner.findings.fill((*owner.steps, "shed"), "approximate")
    return ShedDecl(mode="approximate", span=owner.key_span, path=f"{owner.path}.shed", stated=False)


def sampled(owner: Cursor) -> SampledDecl | None:
    """That samplers have thinned what an input reads; None where nothing, or too little, is said of it."""
    cursor = owner.get("sampled")
    if cursor is None:
        return None
    tracestate, trace, spans = (cursor.get(word) for word in ("tracestate", "trace", "spans"))
    said, of = ref(tracestate), ref(trace)
    if said is None or (trace is not None and of is None) or spans is None or spans.text is None:
        return None
    if trace is None:
        cursor.findings.fill((*cursor.steps, "trace"), TRACE)
    default = Ref(name=TRACE, span=cursor.key_span, path=f"{cursor.path}.trace")
    number = int(spans.text) if spans.text.isdigit() else 1
    return SampledDecl(tracestate=said, trace=of or default, spans=number, span=cursor.key_span, path=cursor.path)
