"""Every file in `cases/` is a document; beside it stands what the user is told of it, to the letter.

`SLAC_UPDATE=1 pytest tests/compiler/test_cases.py` writes the expected texts anew; the diff is what there is to review.
A line `# fix: wrong => right` of a case says how it is mended: then the finding that it is named after must be gone.
"""

import os
import re
from pathlib import Path

import pytest

from slac.compiler import Compiled, compile_document
from slac.diagnostics import CODES, Diagnostic, DocumentInvalid, Source, page_of, render_text
from slac.plan.graph import Plan
from slac.plan.render import text

CASES = Path(__file__).parent / "cases"
COMPILER = Path(__file__).parents[2] / "slac" / "compiler"
ALL = sorted(CASES.glob("*.yaml"))
FIX = re.compile(r"^# fix: (.*) => (.*)$\n", re.MULTILINE)


def compiled(name: str, document: str) -> tuple[tuple[Diagnostic, ...], Plan | None]:
    """Findings and plan of a document."""
    try:
        result: Compiled = compile_document(Source(name, document))
    except DocumentInvalid as invalid:
        return invalid.diagnostics, None
    return result.diagnostics, result.plan


def named_after(case: Path) -> str:
    """The code that a case shows; empty for one that shows a plan."""
    return max((c for c in CODES if case.stem.startswith(page_of(c).removesuffix(".md"))), key=len, default="")


@pytest.mark.parametrize("case", ALL, ids=lambda p: p.stem)
def test_case(case: Path) -> None:
    """The findings of a case, and its plan where it has one, are as its text file says."""
    found, plan = compiled(case.name, FIX.sub("", case.read_text(encoding="utf-8")))
    actual = render_text(found) + (text(plan) if plan is not None else "")
    expected = case.with_suffix(".txt")
    if os.environ.get("SLAC_UPDATE"):
        expected.write_text(actual, encoding="utf-8")

    assert actual == expected.read_text(encoding="utf-8")
    assert not named_after(case) or f"[{named_after(case)}]" in actual
    assert named_after(case) or not found


@pytest.mark.parametrize("case", [c for c in ALL if "# fix:" in c.read_text(encoding="utf-8")], ids=lambda p: p.stem)
def test_mended_case(case: Path) -> None:
    """With its mistakes mended, a case compiles without any finding."""
    document = case.read_text(encoding="utf-8")
    mended = FIX.sub("", document)
    for wrong, right in FIX.findall(document):
        assert wrong in mended
        mended = mended.replace(wrong, right)
    found, plan = compiled(case.name, mended)

    assert plan is not None, render_text(found)
    assert not [d for d in found if d.code == named_after(case)]


@pytest.mark.parametrize("case", ALL, ids=lambda p: p.stem)
def test_plan_survives_json(case: Path) -> None:
    """A plan that is written and read back is the same plan."""
    _, plan = compiled(case.name, FIX.sub("", case.read_text(encoding="utf-8")))
    if plan is not None:
        assert Plan.from_json(plan.to_json()) == plan


def test_every_code_of_the_passes_has_a_case() -> None:
    """What the passes may say is shown at least once."""
    areas = "adapters|blocks|bounds|events|names|outputs|placement|reports|states|thresholds|types|windows"
    code = re.compile(rf'"((?:{areas})/[a-z-]+)"')
    files = [p for folder in ("passes", "blocks") for p in (COMPILER / folder).rglob("*.py")]
    said = {found for path in files for found in code.findall(path.read_text(encoding="utf-8"))}
    shown = "".join(path.read_text(encoding="utf-8") for path in CASES.glob("*.txt"))

    assert not sorted(found for found in said if f"[{found}]" not in shown)
