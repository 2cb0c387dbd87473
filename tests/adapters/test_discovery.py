"""Adapters are found by name, and their settings checked with sentences."""

import pytest

from slac.adapters.discovery import AdapterModule, check_settings, input_adapter, names, output_adapter
from slac.diagnostics import UsageError


def test_all_adapters_load_and_describe_their_settings() -> None:
    """Each module has a schema with a description per setting, and refuses what it does not know."""
    inputs: list[AdapterModule] = [input_adapter(name) for name in names("inputs")]
    outputs: list[AdapterModule] = [output_adapter(name) for name in names("outputs")]
    for module in inputs + outputs:
        assert module.SCHEMA["additionalProperties"] is False
        assert all("description" in setting for setting in module.SCHEMA["properties"].values())
        assert isinstance(module.CAN_WAIT, bool)
        assert callable(module.build)


def test_an_unknown_adapter_is_refused_with_what_exists() -> None:
    """And with the nearest name."""
    with pytest.raises(UsageError, match=r"no input adapter 'flie'.*file.*Did you mean 'file'"):
        input_adapter("flie")


def test_settings_are_checked_with_places_and_sentences() -> None:
    """Unknown keys, missing keys, wrong durations and wrong words, all at once."""
    faults = check_settings(input_adapter("file"), {"pat": "x", "poll": "5 parsecs", "mode": "twice"})
    assert [path for path, _ in faults] == [(), ("mode",), ("pat",), ("poll",)]
    said = [message for _, message in faults]
    assert said[0] == "'path' is missing"
    assert said[1] == "'twice' is not one of once, tail"
    assert "did you mean 'path'?" in said[2]
    assert '"5 parsecs" is not a duration' in said[3]
    [(path, message)] = check_settings(input_adapter("file"), {"path": "a", "poll": 5})
    assert (path, message) == (("poll",), "5 is no duration: write it with its unit, like 30s")
    assert check_settings(input_adapter("file"), {"path": ["a", "b"], "poll": "1s"}) == []
