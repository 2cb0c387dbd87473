"""Documents made of documents: names, parameters, what comes along and what does not, and where findings point."""

from __future__ import annotations

from pathlib import Path
from posixpath import dirname, join, normpath

import pytest

from slac.compiler import Compiled, CompileOptions, compile_document, compile_paths
from slac.diagnostics import DocumentInvalid, Source
from slac.language import ImportUnreadable, Loader
from slac.plan.nodes import SelectNode, SourceNode, WindowNode
from slac.plan.render import dot, mermaid
from slac.testing import Harness

HEAD = "apiVersion: slac/v1\nkind: SLA\nmetadata: {name: it}\nspec:\n"
KUBE = """
  parameters: {window: {type: duration, default: 1m}, limit: {type: float, default: 90}}
  events:
    Sample: {payload: {pod: string, value: float}}
    Anomaly: {payload: {pod: string}}
    HighUsage: {extends: Anomaly}
  inputs:
    samples: {adapter: file, path: samples.ndjson, emits: Sample}
    unread: {adapter: file, path: unread.ndjson, emits: Sample}
  probes:
    positive: {from: samples, where: value > 0}
    forgotten: {from: samples, where: value > 1}
  computations:
    usage:
      from: positive
      by: pod
      window: tumbling ${window}
      select: [{usage: AVG(value)}]
    high: {from: usage, where: "usage > ${limit}", select: [pod], emits: HighUsage}
  violations:
    silent: {absent: samples, for: 5m}
  outputs:
    console: {adapter: stdout, from: [high, silent]}
  placement:
    elsewhere: {blocks: ["*"]}
"""
USER = """
  imports: {kube: rules/kube.yaml}
  outputs:
    log: {adapter: stdout, from: kube.high}
"""

Files = dict[str, str]


def loader(files: Files) -> Loader:
    """A loader of documents that are texts, named like files."""

    def load(importer: str, path: str) -> tuple[str, bytes]:
        name = normpath(join(dirname(importer), path))
        if name not in files:
            raise ImportUnreadable(f'there is no file "{name}" to import')
        return name, files[name].encode()

    return load


def compiled(files: Files) -> Compiled:
    """`sla.yaml` of some documents, each given without its head."""
    whole = {name: HEAD + text for name, text in files.items()}
    return compile_document(Source("sla.yaml", whole["sla.yaml"]), CompileOptions(loader=loader(whole)))


def told(files: Files) -> list[tuple[str, str]]:
    """Code and place of all findings."""
    with pytest.raises(DocumentInvalid) as invalid:
        compiled(files)
    return [(d.code, str(d.span)) for d in invalid.value.diagnostics]


def test_blocks_have_their_full_names() -> None:
    """What is read comes in with all that it reads; its outputs, placement, and what nobody reads do not."""
    plan = compiled({"sla.yaml": USER, "rules/kube.yaml": KUBE}).plan
    assert [n.block for n in plan.nodes] == ["kube.samples", "kube.positive", "kube.usage", "kube.high", "log"]
    assert {n.node for n in plan.nodes} == {"all"}
    source = plan["kube.samples"]
    assert isinstance(source, SourceNode)
    assert source.event == "kube.Sample"


def test_an_importer_sets_parameters() -> None:
    """Both instances stand side by side, each with its own values."""
    text = """
  imports:
    slow: {document: kube.yaml, parameters: {window: 10m, limit: 50}}
    fast: {document: kube.yaml, parameters: {limit: 95.5}}
  outputs: {log: {adapter: stdout, from: [slow.high, fast.high]}}
"""
    plan = compiled({"sla.yaml": text, "kube.yaml": KUBE}).plan
    sizes = {n.id: n.window.size // 60_000_000 for n in plan.nodes if isinstance(n, WindowNode)}
    assert sizes == {"slow.usage": 10, "fast.usage": 1}


INSTEAD = """
  imports: {kube: {document: kube.yaml, inputs: {samples: scraped}}}
  inputs: {scraped: {adapter: http, listen: "127.0.0.1:8090", emits: kube.Sample}}
  outputs: {log: {adapter: stdout, from: [kube.high, kube.silent]}}
"""


def test_an_importer_brings_inputs_of_its_own() -> None:
    """They are read wherever the imported document reads its own, which stay away with what was said of them."""
    made = compiled({"sla.yaml": INSTEAD, "kube.yaml": KUBE})
    assert [n.block for n in made.plan.nodes if isinstance(n, SourceNode)] == ["scraped"]
    assert made.plan["kube.positive"].inputs == made.plan["kube.silent"].inputs == ("scraped",)


TEAM = """
  imports: {kube: kube.yaml}
  probes: {bad: {from: kube.Anomaly}}
"""
FAR = """
  imports:
    team: {document: team.yaml, inputs: {kube.samples: scraped}}
    kube: {document: kube.yaml, inputs: {samples: scraped}}
  inputs: {scraped: {adapter: http, listen: "127.0.0.1:8090", emits: kube.Sample}}
  outputs: {log: {adapter: stdout, from: [team.bad, kube.silent]}}
"""


def test_an_input_of_an_import_of_an_import() -> None:
    """It is named by the way to it, and what reads the same in its place is one instance."""
    plan = compiled({"sla.yaml": FAR, "team.yaml": TEAM, "kube.yaml": KUBE}).plan
    assert [n.block for n in plan.nodes if isinstance(n, SourceNode)] == ["scraped"]
    assert plan["kube.positive"].inputs == ("scraped",)
    assert plan["team.bad"].inputs == ("kube.high",)


def test_an_input_is_handed_on() -> None:
    """Through a document that imports and is imported, to all that it imports with it, which is one instance."""
    between = """
  imports:
    kube: {document: kube.yaml, inputs: {samples: mine}}
    same: {document: kube.yaml, inputs: {samples: mine}}
    alone: kube.yaml
  inputs: {mine: {adapter: file, path: mine.ndjson, emits: kube.Sample}}
  probes:
    bad: {from: kube.Anomaly}
"""
    text = """
  imports: {team: {document: team.yaml, inputs: {mine: scraped}}}
  inputs: {scraped: {adapter: http, listen: "127.0.0.1:8090", emits: team.kube.Sample}}
  outputs: {log: {adapter: stdout, from: [team.same.high, team.kube.silent, team.alone.silent]}}
"""
    plan = compiled({"sla.yaml": text, "team.yaml": between, "kube.yaml": KUBE}).plan
    assert [n.block for n in plan.nodes if isinstance(n, SourceNode)] == ["scraped", "team.alone.samples"]
    assert plan["team.kube.silent"].inputs == plan["team.kube.positive"].inputs == ("scraped",)


def test_types_cross_documents() -> None:
    """A subtype of an imported type is read by its name, beside what the imported document emits."""
    text = """
  imports: {kube: kube.yaml}
  events: {Crash: {extends: kube.Anomaly}}
  inputs: {crashes: {adapter: file, path: crashes.ndjson, emits: Crash}}
  probes: {bad: {from: kube.Anomaly}}
  outputs: {log: {adapter: stdout, from: bad}}
"""
    plan = compiled({"sla.yaml": text, "kube.yaml": KUBE}).plan
    assert plan["bad.kube.Anomaly"].inputs == ("crashes", "kube.high")


def test_a_diamond_is_one_instance() -> None:
    """The same document with the same parameters comes in once, under its shortest name; every way leads to it."""
    team = "  imports: {k: kube.yaml}\n  probes: {calm: {from: k.usage, where: usage < 1}}\n"
    text = """
  imports: {team: team.yaml, kube: {document: kube.yaml, parameters: {window: 60s, limit: 90}}, same: kube.yaml}
  probes: {it: {from: team.k.usage}}
  outputs: {log: {adapter: stdout, from: [team.calm, kube.usage, it, same.usage]}}
"""
    plan = compiled({"sla.yaml": text, "team.yaml": team, "kube.yaml": KUBE}).plan
    windows = {n.id for n in plan.nodes if isinstance(n, WindowNode)}
    assert windows == {"kube.usage", "same.usage"}
    calm = plan["team.calm"]
    assert isinstance(calm, SelectNode)
    assert calm.inputs == plan["it"].inputs == ("same.usage",)


def test_placement_names_imported_blocks() -> None:
    """Node by node, as if they were one's own."""
    text = (
        USER
        + """
  placement:
    edge: {blocks: [kube.samples, kube.positive, kube.usage], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000"}
"""
    )
    plan = compiled({"sla.yaml": text, "rules/kube.yaml": KUBE}).plan
    assert plan["kube.usage.partial"].node == "edge"
    assert plan["kube.high"].node == "central"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"sla.yaml": USER}, [("imports/unreadable", "sla.yaml:6:19")]),
        ({"sla.yaml": USER.replace("rules/kube", "sla")}, [("imports/cycle", "sla.yaml:6:19")]),
        (
            {
                "sla.yaml": USER,
                "rules/kube.yaml": "  imports: {a: b.yaml}",
                "rules/b.yaml": "  imports: {c: kube.yaml}",
            },
            [("imports/cycle", "rules/b.yaml:5:16")],
        ),
        ({"sla.yaml": USER, "rules/kube.yaml": KUBE.replace("AVG(value)", "AVG(valeu)")},
         [("names/unknown-column", "rules/kube.yaml:22:28")]),
        ({"sla.yaml": USER.replace("kube.high", "kube.hihg"), "rules/kube.yaml": KUBE},
         [("names/unknown-block", "sla.yaml:8:34")]),
        ({"sla.yaml": USER, "rules/kube.yaml": KUBE.replace("from: positive", "from: log")},
         [("names/unknown-block", "rules/kube.yaml:19:13")]),
        ({"sla.yaml": USER.replace("rules/kube.yaml", "{document: rules/kube.yaml, parameters: {widow: 1m}}"),
          "rules/kube.yaml": KUBE}, [("language/parameter", "sla.yaml:6:30")]),
        ({"sla.yaml": USER + "  probes: {kube: {from: kube.high}}\n", "rules/kube.yaml": KUBE},
         [("names/duplicate-block", "sla.yaml:9:12")]),
        ({"sla.yaml": INSTEAD.replace("samples: scraped", "sample: scraped"), "kube.yaml": KUBE},
         [("imports/inputs", "sla.yaml:6:58")]),
        ({"sla.yaml": FAR.replace("kube.samples: scraped", "cube.samples: scraped"), "team.yaml": TEAM,
          "kube.yaml": KUBE}, [("imports/inputs", "sla.yaml:7:56")]),
        ({"sla.yaml": INSTEAD.replace("samples: scraped", "samples: scarped"), "kube.yaml": KUBE},
         [("imports/inputs", "sla.yaml:6:59")]),
        ({"sla.yaml": USER, "rules/kube.yaml": "  probes: [\n"}, [("yaml/syntax", "rules/kube.yaml:5:12")]),
        ({"sla.yaml": USER + "  probes: {mine: {from: kube.samples, where: kube.value > 1}}\n",
          "rules/kube.yaml": KUBE},
         [("names/unknown-column", "sla.yaml:9:46")]),
    ],
)  # fmt: skip
def test_findings_point_into_the_file_that_is_wrong(files: Files, expected: list[tuple[str, str]]) -> None:
    """Whichever file it is; an importer's blocks are unknown to what it imports."""
    assert told(files) == expected


def test_a_chain_that_does_not_end_is_refused() -> None:
    """Depth is bounded."""
    files = {f"{n}.yaml": f"  imports: {{next: {n + 1}.yaml}}\n" for n in range(40)}
    assert [code for code, _ in told({"sla.yaml": "  imports: {next: 0.yaml}\n", **files})] == ["imports/too-many"]


def test_files_are_found_beside_the_importing_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever the command is typed; what is no file is refused, not read."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "kube.yaml").write_text(HEAD + KUBE, encoding="utf-8")
    (tmp_path / "sla.yaml").write_text(HEAD + USER, encoding="utf-8")
    (tmp_path / "bad.yaml").write_text(HEAD + USER.replace("rules/kube.yaml", "/dev/zero"), encoding="utf-8")
    monkeypatch.chdir(tmp_path / "rules")
    assert compile_paths(["../sla.yaml"])[0].plan["kube.high"].block == "kube.high"
    with pytest.raises(DocumentInvalid, match="imports/unreadable"):
        compile_paths(["../bad.yaml"])


def test_without_a_loader_nothing_is_read() -> None:
    """The language opens no file by itself."""
    with pytest.raises(DocumentInvalid, match="imports/unreadable"):
        compile_document(Source("sla.yaml", HEAD + USER), CompileOptions(loader=None))


def test_the_digest_covers_what_is_imported() -> None:
    """Another text of an imported document makes another plan."""
    one, other = (compiled({"sla.yaml": USER, "rules/kube.yaml": k}).plan for k in (KUBE, KUBE + "# changed\n"))
    assert one.data.digest != other.data.digest


def test_dotted_names_run_and_are_drawn() -> None:
    """From the records of an imported input to what is published of an imported computation."""
    plan = compiled({"sla.yaml": USER, "rules/kube.yaml": KUBE}).plan
    harness = Harness(plan)
    harness.give("kube.samples", [{"timestamp": t, "payload": {"pod": "a", "value": 99.0}} for t in (0, 1, 120_000)])
    harness.restart("all")
    harness.end()
    assert harness.published("kube.high")["pod"].to_list() == ["a", "a"]
    assert "kube.high" in mermaid(plan)
    assert "kube.high" in dot(plan)


PLACED = """
  imports: {kube: kube.yaml}
  outputs: {log: {adapter: stdout, from: [kube.high, kube.silent]}}
  placement:
    edge: {blocks: [%s], connect: central}
    central: {blocks: ["*"], listen: "tcp://127.0.0.1:7000"}
"""


def homes(blocks: str) -> dict[str, str]:
    """The node of each block."""
    plan = compiled({"sla.yaml": PLACED % blocks, "kube.yaml": KUBE}).plan
    return {n.block: n.node for n in plan.nodes if n.id == n.block}


def test_all_blocks_of_an_import_are_placed() -> None:
    """As if each were named; what nobody reads of it is none of them, and `*` takes what is left."""
    each = "kube.samples, kube.positive, kube.usage, kube.high, kube.silent"
    assert homes("kube.*") == homes(each)
    assert homes("kube.*")["kube.positive"] == "edge"
    assert homes("kube.*")["log"] == "central"


def test_a_name_counts_before_a_whole_import() -> None:
    """Wherever it stands."""
    text = PLACED.replace('["*"]', '["*", kube.high]')
    plan = compiled({"sla.yaml": text % "kube.*", "kube.yaml": KUBE}).plan
    assert {n.block: n.node for n in plan.nodes if n.id == n.block}["kube.high"] == "central"


@pytest.mark.parametrize(
    ("blocks", "code"),
    [("kub.*", "names/unknown-block"), ("kube.*, kube.*", "placement/twice"), ("k*", "names/bad-name")],
)
def test_a_wildcard_may_be_wrong(blocks: str, code: str) -> None:
    """No such import, the same one twice, or part of a name."""
    assert [c for c, _ in told({"sla.yaml": PLACED % blocks, "kube.yaml": KUBE}) if c != "blocks/unused"] == [code]


NESTED = """
  imports: {lib: lib.yaml}
  outputs: {log: {adapter: stdout, from: lib.kube.high}}
"""
LIB = """
  imports: {kube: {document: kube.yaml, parameters: {window: 10m}}}
"""


def windows(files: Files, given: dict[str, str]) -> list[int]:
    """The sizes of all windows, in minutes."""
    whole = {name: HEAD + text for name, text in files.items()}
    options = CompileOptions(loader=loader(whole), parameters=given)
    plan = compile_document(Source("sla.yaml", whole["sla.yaml"]), options).plan
    return [n.window.size // 60_000_000 for n in plan.nodes if isinstance(n, WindowNode)]


def test_the_command_line_sets_parameters_of_imports() -> None:
    """At any depth, in place of what the importer says; others keep what it says."""
    files = {"sla.yaml": NESTED, "lib.yaml": LIB, "kube.yaml": KUBE}
    assert windows(files, {}) == [10]
    assert windows(files, {"lib.kube.limit": "50"}) == [10]
    assert windows(files, {"lib.kube.window": "5m"}) == [5]


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("lab.kube.window", 'did you mean "lib.kube.window"?'),
        ("lib.cube.window", 'did you mean "kube.window"?'),
        ("lib.kube.windw", 'did you mean "window"?'),
    ],
)
def test_a_parameter_of_an_import_may_not_be_there(name: str, suggestion: str) -> None:
    """No such import, no such parameter."""
    with pytest.raises(DocumentInvalid) as invalid:
        windows({"sla.yaml": NESTED, "lib.yaml": LIB, "kube.yaml": KUBE}, {name: "5m"})
    assert [(d.code, d.suggestion) for d in invalid.value.diagnostics] == [("language/parameter", suggestion)]
