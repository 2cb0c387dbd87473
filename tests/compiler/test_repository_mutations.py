"""Whatever is done to a document of the repository, rule sets, examples and tests too, ends in a plan or a message."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from slac.compiler import compile_document
from slac.diagnostics import DocumentInvalid, Source, render_text
from slac.language import decode
from slac.language.tests import read_test_file

ROOT = Path(__file__).parents[2]
FOLDERS = ("sla_docs", "examples", "tests", "docs")
ALL = (p for folder in FOLDERS for p in (ROOT / folder).rglob("*.yaml"))
FILES = sorted(p for p in ALL if p.parent.name != "corpus" and "alias" not in p.stem and "large" not in p.stem)
"""Without those whose trees never end, or explode: they are tried as they are."""
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 10**30, 1.5, float("nan"), "", " ", "\0", "\u2028", "a" * 5000, "(" * 200, "9" * 400, "${",
    "${x:-", "1 / 0", "CASE", "COUNT(*)", "10m", "1us", "9" * 18 + "d", "tumbling 1us", "hopping 7d every 1ms", "same",
    "running", "every a=b -> c=d", "timer:interval(1d)", [], {}, [[]], [None], {"": ""}, {"<<": {"a": 1}}, {None: 1},
)  # fmt: skip


def places(tree: Any) -> list[tuple[Any, Any]]:
    """Every mapping or list below `tree` with a key in it."""
    keys = list(tree) if isinstance(tree, dict) else range(len(tree)) if isinstance(tree, list) else ()
    return [place for key in keys for place in ((tree, key), *places(tree[key]))]


@st.composite
def rebuilt(draw: st.DrawFn) -> bytes:
    """A file with a few values left out, wrapped, exchanged, or replaced by odd ones."""
    try:
        tree = deepcopy(yaml.safe_load(draw(st.sampled_from(FILES)).read_bytes()))
    except (yaml.YAMLError, UnicodeDecodeError, ValueError):
        tree = {"kind": "SLA"}
    for _ in range(draw(st.integers(1, 4))):
        if found := places(tree):
            holder, key = draw(st.sampled_from(found))
            other, other_key = draw(st.sampled_from(found))
            odd = draw(st.sampled_from(ODD))
            match draw(st.integers(0, 4)):
                case 0:
                    del holder[key]
                case 1:
                    holder[key] = [holder[key]]
                case 2:
                    holder[key] = deepcopy(other[other_key])
                case 3 if isinstance(holder, dict):
                    holder["all"] = holder.pop(key)
                case _:
                    holder[key] = deepcopy(odd)
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True).encode("utf-8", "surrogatepass")


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A file with some bytes left out, doubled, or replaced by what no text holds."""
    data = draw(st.sampled_from(FILES)).read_bytes()
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        put = draw(
            st.sampled_from(
                [b"\xff", b"\0", b"\t", b"\xed\xa0\x80", b"\r", b"*a ", b"&a ", b"<<: ", b"'", b"[", b"--- "]
            )
        )
        data = data[:at] + put + data[at + draw(st.integers(0, 40)) :]
    return data


def check(data: bytes) -> None:
    """Read as a document and as a file of tests: what is wrong can be shown."""
    source, found = decode("mutant.yaml", data)
    if source is None:
        assert render_text(found)
        return
    render_text(read_test_file(source)[1])
    told(source)


def told(source: Source) -> str:
    """What is told of a document that has a plan, or has none."""
    try:
        return render_text(compile_document(source).diagnostics)
    except DocumentInvalid as invalid:
        return render_text(invalid.diagnostics)


@pytest.mark.parametrize("mutants", [rebuilt(), damaged()], ids=["rebuilt", "damaged"])
def test_every_document_may_be_wrong(mutants: st.SearchStrategy[bytes]) -> None:
    """It never ends in an exception of another kind."""

    @settings(max_examples=60, deadline=None)
    @given(mutants)
    def try_it(data: bytes) -> None:
        check(data)

    try_it()
