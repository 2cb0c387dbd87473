"""The pages that `slac explain` prints."""

import tomllib
from pathlib import Path

from slac.diagnostics import CODES
from slac.diagnostics.pages import CHECKOUT, PACKAGED, page

ROOT = Path(__file__).parents[2]


def test_every_code_has_a_page_that_can_be_read() -> None:
    """By its code."""
    assert not [code for code in CODES if not (page(code) or "").startswith(f"# {code}\n")]
    assert page("no/such-code") is None


def test_the_wheel_takes_the_pages_along() -> None:
    """The build copies them to where an installed slac looks for them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    copied = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert copied[CHECKOUT.relative_to(ROOT).as_posix()] == f"slac/diagnostics/{PACKAGED}"
