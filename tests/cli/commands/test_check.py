"""`slac check`."""

import json
from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from slac.cli.main import main

Captured = pytest.CaptureFixture[str]
DOCUMENT = """\
apiVersion: slac/v1
kind: SLA
metadata: {name: orders}
spec:
  events: {Order: {payload: {amount: float}}}
  inputs:
    orders: {adapter: file, path: orders.ndjson, mode: once, emits: Order}
  probes:
    large: {from: orders, where: amount > 100}
    small: {from: orders, where: amount < 5}
  outputs:
    log: {adapter: stdout, from: [large]}
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    """A document with one warning."""
    path = tmp_path / "orders.yaml"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


def test_findings_are_the_output(document: Path, capsys: Captured) -> None:
    """On standard output, without colour; their number on standard error; warnings alone are no failure."""
    assert main(["check", str(document)], environment={}) == 0
    out, err = capsys.readouterr()
    assert out.startswith("warning[blocks/unused]")
    assert "\x1b" not in out
    assert err == "1 warning\n"
    assert main(["check", "--fail-on", "warning", str(document)], environment={}) == 1


def test_a_comment_silences(document: Path, capsys: Captured) -> None:
    """And the command says that all is well."""
    document.write_text(DOCUMENT.replace("amount < 5}", "amount < 5}  # slac disable blocks/unused"), encoding="utf-8")
    assert main(["check", "--fail-on", "warning", str(document)], environment={}) == 0
    out, err = capsys.readouterr()
    assert (out, err) == ("", "1 document checked: nothing to say\n")


def test_errors_as_json(document: Path, capsys: Captured) -> None:
    """Exit code 1, and an array that a program reads."""
    document.write_text(DOCUMENT.replace("amount > 100", "amont > 100"), encoding="utf-8")
    assert main(["check", "--format", "json", str(document)], environment={}) == 1
    found = json.loads(capsys.readouterr().out)
    assert [d["code"] for d in found] == ["names/unknown-column"]


def test_nothing_outside_is_touched_unless_asked(document: Path, capsys: Captured) -> None:
    """With --environment the file that is missing is found, at the setting that names it."""
    assert main(["check", str(document)], environment={}) == 0
    capsys.readouterr()
    assert main(["check", "--environment", "--format", "json", str(document)], environment={}) == 1
    missing = next(d for d in json.loads(capsys.readouterr().out) if d["code"] == "environment/missing")
    assert missing["path"] == "spec.inputs.orders.path"
    assert missing["place"]["start"]["line"] == 7


def test_a_folder_is_every_document_in_it(document: Path, capsys: Captured) -> None:
    """Findings of all of them, in order of name."""
    (document.parent / "a.yaml").write_text(DOCUMENT, encoding="utf-8")
    assert main(["check", str(document.parent)], environment={}) == 0
    out, err = capsys.readouterr()
    assert out.index("a.yaml") < out.index("orders.yaml")
    assert err == "2 warnings\n"


TESTED = """\
  tests:
    - name: a large order
      steps:
        - given: {orders: [{at: 1s, amount: 5}]}
        - expect: {lage: none}
"""


def test_tests_inside_are_checked(document: Path, capsys: Captured) -> None:
    """Blocks, columns and values of given and expected rows, with places and suggestions, beside all other findings."""
    tests = TESTED.replace("amount: 5", "amont: 5")
    document.write_text(DOCUMENT + tests, encoding="utf-8")
    assert main(["check", str(document)], environment={}) == 1
    out, err = capsys.readouterr()
    assert 'error[names/unknown-block]: there is no block "lage"' in out
    assert 'did you mean "large"?' in out
    assert 'error[names/unknown-column]: "orders" has no column "amont"' in out
    assert "orders.yaml:16:37" in out
    assert "warning[blocks/unused]" in out
    assert err == "3 errors, 1 warning\n"


def test_a_mistake_of_a_document_is_told_once(document: Path, capsys: Captured) -> None:
    """Although its tests need it too."""
    document.write_text(DOCUMENT.replace("amount > 100", "amont > 100") + TESTED, encoding="utf-8")
    assert main(["check", str(document)], environment={}) == 1
    assert capsys.readouterr().out.count("error[") == 1


@pytest.mark.parametrize("named", ["orders.yaml", "orders.test.yaml", "."])
def test_tests_beside_are_checked(
    named: str, document: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the document, the file of tests or their folder is named."""
    monkeypatch.chdir(document.parent)
    beside = "apiVersion: slac/v1\nkind: Test\ndocument: orders.yaml\n" + TESTED.replace("\n  ", "\n")[2:]
    Path("orders.test.yaml").write_text(beside, encoding="utf-8")
    assert main(["check", named], environment={}) == 1
    out = capsys.readouterr().out
    assert 'there is no block "lage"' in out
    assert "--> orders.test.yaml:8:" in out


def test_standard_input_has_tests_too(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is read once."""
    text = TextIOWrapper(BytesIO((DOCUMENT + TESTED).encode()))
    monkeypatch.setattr("sys.stdin", text)
    assert main(["check", "-"], environment={}) == 1
    assert "--> -:17:" in capsys.readouterr().out


@pytest.mark.parametrize(("leave", "told"), [("", "is refused when a runtime starts"), (", insecure: true", "allows")])
def test_inputs_from_strangers_are_warned_of(tmp_path: Path, capsys: Captured, leave: str, told: str) -> None:
    """Whether they have leave or not, at the address; on this machine nobody is a stranger."""
    text = DOCUMENT.replace(
        "adapter: file, path: orders.ndjson, mode: once", f'adapter: zmq, connect: "tcp://a:1"{leave}'
    )
    path = tmp_path / "orders.yaml"
    path.write_text(text, encoding="utf-8")
    assert main(["check", "--format", "json", str(path)], environment={}) == 0
    (found,) = [d for d in json.loads(capsys.readouterr().out) if d["code"] == "adapters/insecure"]
    assert told in found["summary"]
    assert found["severity"] == "warning"

    path.write_text(text.replace("tcp://a:1", "tcp://127.0.0.1:1"), encoding="utf-8")
    main(["check", "--format", "json", str(path)], environment={})
    assert "adapters/insecure" not in capsys.readouterr().out
