"""The pages of the adapters cannot rot: every setting is named, every example's settings are valid."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from slac.adapters.discovery import AdapterModule, check_settings, input_adapter, names, output_adapter
from slac.language.schema import words_of

PAGES = Path(__file__).parents[2] / "docs" / "adapters"
MODULES: dict[str, AdapterModule] = {
    **{f"input-{name}": input_adapter(name) for name in names("inputs")},
    **{f"output-{name}": output_adapter(name) for name in names("outputs")},
}


def own_settings(block: dict[str, Any], kind: str) -> dict[str, Any]:
    """A block without the words of the language, as the compiler hands it to the adapter."""
    return {key: value for key, value in block.items() if key not in words_of(kind)}


@pytest.mark.parametrize("page", sorted(MODULES))
def test_every_setting_is_on_its_page(page: str) -> None:
    """And every field that the adapter offers."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    module = MODULES[page]
    for name in (*module.SCHEMA["properties"], *getattr(module, "EVENT", {})):
        assert f"| `{name}` |" in text, name


@pytest.mark.parametrize("page", sorted(MODULES))
def test_examples_have_valid_settings(page: str) -> None:
    """All inputs and outputs of the page's document."""
    text = (PAGES / f"{page}.md").read_text(encoding="utf-8")
    [source] = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    spec = yaml.safe_load(source)["spec"]
    for kind, load in (("input", input_adapter), ("output", output_adapter)):
        for block in spec[f"{kind}s"].values():
            module: AdapterModule = load(block["adapter"])
            assert check_settings(module, own_settings(block, kind)) == []
