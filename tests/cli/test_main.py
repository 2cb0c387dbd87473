"""The command line: exit codes, where words go, and that no traceback reaches a user."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from slac.cli import registry
from slac.cli.main import main
from slac.diagnostics import DoesNotFit, RunFailed

CASES = Path(__file__).parents[1] / "compiler" / "cases"
WATCHDOG = str(CASES / "watchdog.yaml")
BROKEN = str(CASES / "names-unknown-block.yaml")

Captured = pytest.CaptureFixture[str]


def test_help_lists_every_command(capsys: Captured) -> None:
    """With the line that the table has for it."""
    assert main(["--help"], environment={}) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert not [name for name, entry in registry.COMMANDS.items() if f"{name} {entry.help}" not in out]


def test_every_command_can_be_loaded() -> None:
    """A line of the table leads to a command that has a help text."""
    assert all(registry.load(name).help for name in registry.COMMANDS)


def test_nothing_heavy_is_imported_for_help() -> None:
    """Neither `slac --help` nor importing the entry point loads what only some commands need."""
    code = "import sys, slac.cli.main; print(*(m for m in ('polars', 'sqlglot', 'yaml', 'zmq') if m in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_compile_loads_no_library_that_only_a_run_needs() -> None:
    """What adapters and the meter need is loaded by who runs, not by who asks them for their settings."""
    libraries = ("aiosmtplib", "asyncio", "httpx", "psutil", "ssl", "zmq")
    code = (
        "import sys, slac.cli.main as cli; cli.main(['compile', 'sla_docs/scenarios/watchdog.yaml']); "
        f"print('loaded:', *(m for m in {libraries} if m in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_compile_shows_the_plan_on_stdout(capsys: Captured) -> None:
    """Data goes to stdout; without findings stderr stays empty."""
    assert main(["compile", WATCHDOG], environment={}) == 0
    out, err = capsys.readouterr()
    assert "node edge\n" in out
    assert err == ""


@pytest.mark.parametrize(("form", "sign"), [("json", '"document"'), ("mermaid", "```mermaid"), ("dot", "digraph")])
def test_compile_writes_other_formats(form: str, sign: str, capsys: Captured) -> None:
    """Each format is what it says."""
    assert main(["compile", WATCHDOG, "--format", form], environment={}) == 0
    assert sign in capsys.readouterr().out


def test_compile_writes_a_plan(tmp_path: Path, capsys: Captured) -> None:
    """`-o` writes JSON unless told otherwise, and says so on stderr."""
    target = tmp_path / "plan.json"

    assert main(["compile", WATCHDOG, "-o", str(target)], environment={}) == 0
    assert json.loads(target.read_text(encoding="utf-8"))["document"] == "watchdog-availability"
    assert capsys.readouterr() == ("", f"wrote {target}\n")


def test_the_environment_fills_variables(capsys: Captured) -> None:
    """It is the one that `main` was given, not that of the process."""
    assert main(["compile", WATCHDOG], environment={"CENTRAL": "tcp://10.0.0.5:7000"}) == 0
    assert "connects to central at tcp://10.0.0.5:7000" in capsys.readouterr().out


def test_an_invalid_document_ends_with_one(capsys: Captured) -> None:
    """All findings on stderr with their number, nothing on stdout, no colour where there is no terminal."""
    assert main(["compile", BROKEN, WATCHDOG], environment={}) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "error[names/unknown-block]" in err
    assert err.endswith("2 errors\n")
    assert "\x1b" not in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compile", "nothing.yaml"], 'there is no file "nothing.yaml"'),
        (["chek"], 'did you mean "check"?'),
        (["watch"], "There are: "),
        (["compile", WATCHDOG, "--set", "x"], "NAME=VALUE"),
        (["compile", WATCHDOG, "--format", "xml"], "'xml' is not one of"),
        (["compile", WATCHDOG, WATCHDOG, str(CASES / "ok-push-down.yaml"), "--format", "json"], "one plan"),
        (["compile", WATCHDOG, "-o", "no/such/folder/plan.json"], "cannot be written"),
        (["compil"], "compil"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_wrong_usage_ends_with_two(arguments: list[str], message: str, capsys: Captured) -> None:
    """A sentence on stderr that says what is wrong."""
    assert main(arguments, environment={}) == 2
    out, err = capsys.readouterr()
    assert message in err
    assert (out, "Traceback" in err) == ("", False)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (DoesNotFit("too much"), 3, "slac: too much\n"),
        (RunFailed("port in use"), 4, "slac: port in use\n"),
        (ZeroDivisionError("oh\nno"), 4, "slac: internal error: ZeroDivisionError: oh no (test_main.py:"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_errors_become_messages(
    error: BaseException, code: int, message: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each family has its exit code; what is not ours is a bug and says so, in one line with its place."""

    @click.command()
    def failing() -> None:
        raise error

    monkeypatch.setattr("slac.cli.main.load", lambda _: failing)

    assert main(["compile"], environment={}) == code
    err = capsys.readouterr().err
    assert err.startswith(message)
    assert "Traceback" not in err


def test_debug_shows_the_traceback(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """SLAC_DEBUG asks for it."""

    @click.command()
    def failing() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("slac.cli.main.load", lambda _: failing)

    assert main(["compile"], environment={"SLAC_DEBUG": "1"}) == 4
    assert "Traceback" in capsys.readouterr().err


def test_schema_is_json(capsys: Captured) -> None:
    """`slac schema` prints a draft-07 schema."""
    assert main(["schema"], environment={}) == 0
    assert "draft-07" in json.loads(capsys.readouterr().out)["$schema"]
