"""Whatever is done to a document, it compiles, or everything that is wrong with it is said."""

import re
from pathlib import Path

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Diagnostic, DocumentInvalid, Source
from slac.plan.graph import Plan

CASES = Path(__file__).parent / "cases"
DOCUMENTS = [path.read_text(encoding="utf-8") for path in sorted(CASES.glob("*.yaml"))]
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[^\sA-Za-z0-9_]")


def compiled(text: str, *, collapse: bool) -> tuple[Plan | None, tuple[Diagnostic, ...]]:
    """The plan of a document, or None; and what is wrong."""
    try:
        result = compile_document(Source("mutant.yaml", text), CompileOptions(collapse=collapse))
    except DocumentInvalid as invalid:
        return None, invalid.diagnostics
    return result.plan, result.diagnostics


def check(text: str) -> None:
    """Compile, split and collapsed: a sound plan that survives JSON, or findings that each have a place."""
    for collapse in (False, True):
        plan, found = compiled(text, collapse=collapse)
        assert all(d.span is not None for d in found)
        assert plan is not None or found
        if plan is not None:
            assert Plan.from_json(plan.to_json()) == plan
            check_nodes(plan)


def check_nodes(plan: Plan) -> None:
    """Every node stands behind its inputs, on the same node."""
    seen: set[str] = set()
    for node in plan.nodes:
        assert set(node.inputs) <= seen
        assert all(plan[i].node == node.node for i in node.inputs)
        seen.add(node.id)


@st.composite
def reworded(draw: st.DrawFn) -> str:
    """A document in which some words were replaced by others of it, left out, or doubled."""
    text = draw(st.sampled_from(DOCUMENTS))
    for _ in range(draw(st.integers(1, 3))):
        words = list(WORD.finditer(text))
        place, other = draw(st.sampled_from(words)), draw(st.sampled_from(words))
        put = draw(st.sampled_from([other.group(), "", f"{place.group()} {place.group()}", "null", "'", "[", "-1"]))
        text = text[: place.start()] + put + text[place.end() :]
    return text


@settings(max_examples=150)
@given(reworded())
def test_words_may_be_wrong(text: str) -> None:
    """A document of right form with wrong names, types and values never ends in an exception of another kind."""
    check(text)


@st.composite
def rebuilt(draw: st.DrawFn) -> str:
    """A document with one part replaced by a part from elsewhere, or left out."""
    document = yaml.safe_load(draw(st.sampled_from(DOCUMENTS)))
    donor = yaml.safe_load(draw(st.sampled_from(DOCUMENTS)))
    places = list(parts(document["spec"]))
    holder, key = draw(st.sampled_from(places))
    other, other_key = draw(st.sampled_from(list(parts(donor["spec"]))))
    if draw(st.booleans()):
        holder[key] = other[other_key]
    else:
        del holder[key]
    return yaml.safe_dump(document, sort_keys=False)


def parts(tree: object):  # type: ignore[no-untyped-def]  # noqa: ANN201  # any part of any YAML
    """Every mapping or list below `tree` with a key in it."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    for key in keys:
        yield tree, key
        yield from parts(tree[key])  # type: ignore[index]


@settings(max_examples=150)
@given(rebuilt())
def test_parts_may_be_wrong(text: str) -> None:
    """A document whose parts were exchanged never ends in an exception of another kind."""
    check(text)
