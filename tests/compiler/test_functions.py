"""Functions of a document's own, from the document to the rows: who sees them, what is told, and what they compute."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from posixpath import dirname, join, normpath

import pytest

from slac.compiler import CompileOptions, compile_document
from slac.compiler.sources import FunctionsUnreadable, read_functions
from slac.diagnostics import DocumentInvalid, Source
from slac.plan.changes import compare
from slac.plan.graph import Plan
from slac.plan.user.failures import FunctionFailed
from slac.testing import Harness

HEAD = "apiVersion: slac/v1\nkind: SLA\nmetadata: {name: it}\nspec:\n"
KIT = "import polars as pl\nfrom slac.functions import function\n"
TWICE = KIT + '@function("float", returns="float")\ndef scaled(x):\n    return x * 2\n'
TENFOLD = TWICE.replace("* 2", "* 10")
DOCUMENT = """
  functions: rules.py
  events: {Sample: {payload: {value: float, text: string}}}
  inputs: {samples: {adapter: file, path: samples.ndjson, emits: Sample}}
  probes:
    made: {from: samples, select: [{y: "scaled(value)"}]}
  outputs: {log: {adapter: stdout, from: made}}
"""
IMPORTER = """
  imports: {lib: lib/sla.yaml}
  functions: rules.py
  probes:
    own: {from: lib.Sample, select: [{y: "SCALED(value)"}]}
    theirs: {from: lib.made, where: y > 0}
  outputs: {log: {adapter: stdout, from: [own, theirs]}}
"""

Files = Mapping[str, str]


def compiled(files: Files) -> Plan:
    """The plan of `sla.yaml`, with all files at hand and functions allowed."""

    def load(importer: str, path: str) -> tuple[str, bytes]:
        name = normpath(join(dirname(importer), path))
        return name, (HEAD + files[name]).encode()

    def functions(document: str, path: str) -> str:
        return files[normpath(join(dirname(document), path))]

    options = CompileOptions(loader=load, functions=functions)
    return compile_document(Source("sla.yaml", HEAD + files["sla.yaml"]), options).plan


def told(files: Files) -> list[tuple[str, str, str]]:
    """Code, place and suggestion of all findings."""
    with pytest.raises(DocumentInvalid) as invalid:
        compiled(files)
    return [(d.code, str(d.span), d.suggestion) for d in invalid.value.diagnostics]


def made(plan: Plan, block: str, values: list[float], *, cut: int = 100, text: str = "a") -> list[float | None]:
    """What a block makes of some values, given in batches."""
    harness = Harness(plan)
    source = next(n.block for n in plan.nodes if not n.inputs)
    rows = [
        {"timestamp": f"2026-01-01T00:00:{n:02}Z", "payload": {"value": v, "text": text}} for n, v in enumerate(values)
    ]
    for n in range(0, len(rows), cut):
        harness.give(source, rows[n : n + cut])
    harness.advance(60_000_000)
    frame = harness.made(block)
    return frame.sort("_time").get_column("y").to_list()


def test_a_call_computes() -> None:
    """The same whatever the batches are, and after a way through JSON."""
    plan = compiled({"sla.yaml": DOCUMENT, "rules.py": TWICE})
    for cut in (1, 2, 100):
        assert made(Plan.from_json(plan.to_json()), "made", [1.0, 2.5, -3.0], cut=cut) == [2.0, 5.0, -6.0]


def test_an_import_has_its_own() -> None:
    """The same name means another function in each document, and both stand in the plan."""
    plan = compiled(
        {"sla.yaml": IMPORTER, "rules.py": TENFOLD, "lib/sla.yaml": DOCUMENT, "lib/rules.py": TWICE},
    )

    assert made(plan, "own", [1.0]) == [10.0]
    assert made(plan, "theirs", [1.0]) == [2.0]
    assert sorted(m.text for m in plan.data.functions) == sorted([TENFOLD, TWICE])


def test_an_import_keeps_its_own_to_itself() -> None:
    """The importer does not see them."""
    files = {
        "sla.yaml": IMPORTER.replace("  functions: rules.py\n", ""),
        "lib/sla.yaml": DOCUMENT,
        "lib/rules.py": TWICE,
    }

    assert [code for code, _, _ in told(files)] == ["names/unknown-function"]


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("scald(value)", ("names/unknown-function", "sla.yaml:10:41", 'did you mean "SCALED"?')),
        ("scaled(text)", ("types/mismatch", "sla.yaml:10:48", "it is written SCALED(x)")),
        ("scaled(value, 1)", ("types/arguments", "sla.yaml:10:41", "it is written SCALED(x)")),
    ],
)
def test_calls_are_checked(call: str, expected: tuple[str, str, str]) -> None:
    """As those of every function of the language."""
    assert told({"sla.yaml": DOCUMENT.replace("scaled(value)", call), "rules.py": TWICE}) == [expected]


def test_a_wrong_module_is_one_finding() -> None:
    """Where the document names it; the blocks that call it are silent."""
    files = {"sla.yaml": DOCUMENT, "rules.py": TWICE.replace("x * 2", "x.mean()")}

    assert told(files) == [("functions/wrong", "sla.yaml:6:14", "")]


def test_without_leave_nothing_is_read() -> None:
    """One finding, with the option that is missing."""
    with pytest.raises(DocumentInvalid) as invalid:
        compile_document(Source("sla.yaml", HEAD + DOCUMENT))

    assert [(d.code, d.suggestion) for d in invalid.value.diagnostics] == [
        ("functions/not-allowed", "add --allow-functions to the command")
    ]


def test_another_module_is_another_meaning() -> None:
    """A runtime does not go on with a state that another function made."""
    before, after = (compiled({"sla.yaml": DOCUMENT, "rules.py": text}) for text in (TWICE, TENFOLD))

    assert before.meaning != after.meaning
    assert before.data.digest != after.data.digest
    changed = next(b for b in compare(before, after, placed=(before, after)).blocks if b.block == "made")
    assert [w.word for w in changed.words] == ["functions"]


def test_a_failure_in_a_run_is_a_sentence() -> None:
    """No sample has this text."""
    failing = (
        KIT + '@function("float", "string", returns="float")\ndef scaled(x, t):\n'
        '    return pl.when(t == "boom").then(t).otherwise(pl.lit("1")).cast(pl.Float64)\n'
    )
    plan = compiled({"sla.yaml": DOCUMENT.replace("scaled(value)", "scaled(value, text)"), "rules.py": failing})

    assert made(plan, "made", [3.0]) == [1.0]
    with pytest.raises(FunctionFailed, match=r'An expression of "made" with SCALED failed: .*boom.*strict=False'):
        made(plan, "made", [3.0], text="boom")


def test_a_module_lies_in_the_folder_of_its_document(tmp_path: Path) -> None:
    """Neither a path nor a link leads out of it."""
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "outside.py").write_text("secret", encoding="utf-8")
    (home / "inside.py").write_text("fine", encoding="utf-8")
    (home / "link.py").symlink_to(tmp_path / "outside.py")
    (home / "binary.py").write_bytes(b"\xff\xfe\x00")
    document = str(home / "sla.yaml")

    assert read_functions(document, "inside.py") == "fine"
    for path in ("../outside.py", "link.py", str(home / "inside.py"), "missing.py", "binary.py", ".", "\0"):
        with pytest.raises(FunctionsUnreadable):
            read_functions(document, path)


def test_the_page_of_functions_works() -> None:
    """Its document compiles with its module, as shown."""
    page = (Path(__file__).parents[2] / "docs" / "functions.md").read_text(encoding="utf-8")
    document = page.split("```yaml\n")[1].split("```")[0]
    module = page.split("```python\n")[1].split("```")[0]
    options = CompileOptions(functions=lambda _, __: module)
    plan = compile_document(Source("functions.md", document), options).plan

    assert [f.path for f in plan.data.functions] == ["rules.py"]
