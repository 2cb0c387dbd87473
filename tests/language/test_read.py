"""Documents without mistakes say what they mean; those with mistakes end in findings, never in an error."""

import json
from collections.abc import Mapping
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from slac.diagnostics import Diagnostic, Source, render_text
from slac.language import DocumentDecl, Rate, Share, read_document
from slac.language.document import ComputationDecl

DOCUMENTS = Path(__file__).parent / "documents"
MINUTE = 60_000_000
HEAD = "apiVersion: slac/v1\nkind: SLA\nmetadata: {name: shop}\nspec:\n"


def read(
    text: str, environment: Mapping[str, str] | None = None, parameters: Mapping[str, str] | None = None
) -> tuple[DocumentDecl | None, list[Diagnostic]]:
    """A text as a document."""
    return read_document(Source("doc.yaml", text), environment=environment or {}, parameters=parameters or {})


def good(
    name: str, environment: Mapping[str, str] | None = None, parameters: Mapping[str, str] | None = None
) -> DocumentDecl:
    """A document of the folder, which has no findings."""
    document, diagnostics = read((DOCUMENTS / name).read_text(encoding="utf-8"), environment, parameters)
    assert document is not None, render_text(diagnostics)
    assert not diagnostics
    return document


def test_the_first_document_of_the_design() -> None:
    """It reads as it stands, with every default that it leaves open on the list."""
    document = good("watchdog-availability.yaml")

    assert document.name == "watchdog-availability"
    assert [block.name for block in document.blocks] == [
        "watchdog",
        "runs",
        "case_results",
        "module_state",
        "module_availability",
        "watchdog_silent",
        "operators",
    ]
    assert [state.name for state in document.audits[0].states] == ["up", "low", "down"]
    assert document.audits[0].states[0].report_every_us == 360 * MINUTE
    assert {(d.path, d.value) for d in document.defaults} >= {
        ("spec.inputs.watchdog.lateness", "0s"),
        ("spec.inputs.watchdog.idle", "10s"),
        ("spec.computations.case_results.late", "drop"),
        ("spec.audits.module_availability.retain", "24h"),
        ("spec.placement.edge.hold", "5m"),
        ("spec.runtime.checkpoint", "10s"),
    }


def test_rates_with_keys() -> None:
    """Normal rate, burst and key counts are numbers."""
    rate = good("watchdog-availability.yaml").inputs[0].rate

    assert rate is not None
    assert (Rate(rate.normal), rate.burst, rate.burst_for) == (Rate(50.0), 400.0, MINUTE // 2)
    assert rate.keys == {"module": 200, "module, test_case": 4000}


def test_the_environment_fills_in() -> None:
    """A variable of the environment wins over its default, and an empty one does not."""
    assert good("watchdog-availability.yaml").outputs[0].settings["host"].value == "localhost"
    assert good("watchdog-availability.yaml", {"SMTP_HOST": ""}).outputs[0].settings["host"].value == "localhost"
    assert good("watchdog-availability.yaml", {"SMTP_HOST": "mx"}).outputs[0].settings["host"].value == "mx"


def test_every_word() -> None:
    """Nothing that is stated counts as a default, and all of it arrives."""
    document = good("everything.yaml")
    requests, samples, limits = document.inputs

    assert [e.type.name for e in samples.emits] == ["Sample", "Request"]
    assert ([r.name for r in samples.id], samples.retain_us) == (["name", "labels"], 60 * MINUTE)
    assert (samples.until is not None, samples.unknown) == (True, "keep")
    assert document.events[3].payload[2].values == ("low", "high")
    assert requests.shed.mode == "never"
    assert (requests.time.unit, requests.time.lateness_us, limits.time.mode) == ("us", 2_000_000, "ingest")
    assert requests.map[1].steps == ("result", "duration")
    assert document.events[1].payload[3].fields[1].nullable
    first = document.computations[0]
    assert isinstance(first, ComputationDecl)
    assert first.join[0].alias == "l"
    assert document.audits[0].no_data == "undecided"
    assert document.audits[0].retain_us == 48 * 60 * MINUTE
    assert document.violations[0].labels == {"page": "yes"}
    assert document.outputs[0].settings["subject"].value == "$5"
    assert document.runtime.checkpoint_us == MINUTE // 2
    assert document.logging.max_size == 2**30
    assert not [d for d in document.defaults if "requests" in d.path or "runtime" in d.path]


def test_columns() -> None:
    """A bare column passes under its last part; a name with SQL is a new one; a bare number is SQL too."""
    service, user, late, one = good("everything.yaml").probes[0].select or ()

    assert (service.name, service.source, service.sql) == ("service", "service", None)
    assert (user.name, user.source) == ("id", "user.id")
    assert late.sql is not None
    assert late.sql.exact
    assert one.sql is not None
    assert one.sql.text == "1"


def test_settings_know_where_they_stand() -> None:
    """An adapter can point at any nested value of its settings."""
    listen = good("everything.yaml").inputs[0].settings["listen"]

    assert listen.value == {"port": 8080, "paths": ["/events", "/logs"]}
    assert (
        listen.span_at("paths", 1)
        .source.line(listen.span_at("paths", 1).start.line)[listen.span_at("paths", 1).start.column - 1 :]
        .startswith("/logs")
    )
    assert listen.span_at("paths", 7) == listen.span_at("paths")


def test_a_node_without_a_budget_takes_the_documents() -> None:
    """What a node does not say comes from `runtime.budget`; what that does not say, from the default."""
    edge, central = good("everything.yaml").placement

    assert (edge.budget.cpu, edge.budget.network) == (Share(0.5, "cores"), 5e6)
    assert (central.budget.cpu, central.budget.memory) == (Share(0.2, "fraction"), Share(float(2**29), "bytes"))
    assert good("watchdog-availability.yaml").placement[0].budget.cpu == Share(0.3, "fraction")


def test_what_may_wait_on_disk() -> None:
    """It is stated, or a default where something is sent; a node that sends nothing needs none."""
    assert [node.disk for node in good("everything.yaml").placement] == [256 * 2**20, 0]
    watchdog = good("watchdog-availability.yaml")
    assert [node.disk for node in watchdog.placement] == [2**30, 0]
    assert [d.value for d in watchdog.defaults if d.path.endswith(".disk")] == ["1GiB"]


def test_parameters() -> None:
    """A given value wins over the default; SQL with a parameter still knows where its other words stand."""
    document = good("everything.yaml", parameters={"window": "1m", "limit": "0.5"})
    first, where = document.computations[0], document.probes[0].where
    assert isinstance(first, ComputationDecl)
    window = first.window

    assert window is not None
    assert (window.size_us, window.every_us) == (MINUTE, MINUTE // 6)
    assert where is not None
    assert where.text.startswith("duration > 0.5\n")
    place = where.locate(where.text.index("ok"), where.text.index("ok") + 2)
    assert place.source.line(place.start.line)[place.start.column - 1 : place.end.column - 1] == "ok"
    assert [(p.name, p.value) for p in document.parameters][:2] == [("window", "1m"), ("limit", "0.5")]


def test_a_filled_in_scalar_is_typed_as_if_it_had_been_written() -> None:
    """Unquoted, a number stays a number; in quotes, it is text."""
    block = "  outputs:\n    o:\n      adapter: a\n      from: b\n"
    document, _ = read(HEAD + block + '      x: ${N}\n      y: "${N}"\n', {"N": "5"})

    assert document is not None
    assert (document.outputs[0].settings["x"].value, document.outputs[0].settings["y"].value) == (5, "5")


def test_what_a_variable_holds_cannot_change_the_form() -> None:
    """Values are put into scalars after parsing: YAML in the environment stays text."""
    text = HEAD + "  outputs:\n    o:\n      adapter: a\n      from: b\n      x: ${N}\n"
    document, _ = read(text, {"N": "1\n      from: evil"})

    assert document is not None
    assert document.outputs[0].from_[0].name == "b"


def test_mistakes_of_all_kinds_are_told_at_once() -> None:
    """A mistake of form hides no mistake of units or names elsewhere."""
    _, diagnostics = read(
        HEAD
        + "  inputs:\n    a: {adapter: http, emits: E, idle: 5}\n"
        + "  probes:\n    a: {form: b}\n    c: {from: d, where: f(1, 2)}\n    c: {from: e}\n"
        + "  outputs:\n    o: {adapter: x, from: a, host: '${NOPE}'}\n  loging: {}\n"
    )
    assert {d.code for d in diagnostics} == {
        "language/unit",
        "language/variable",
        "names/duplicate-block",
        "schema/unknown-key",
        "yaml/cut-expression",
        "yaml/duplicate-key",
    }


def test_every_finding_has_a_place() -> None:
    """Nothing is said without saying where."""
    _, diagnostics = read("apiVersion: slac/v1\nkind: SLA\n", parameters={"nope": "1"})

    assert diagnostics
    assert all(d.span is not None for d in diagnostics)


LINES = (DOCUMENTS / "everything.yaml").read_text(encoding="utf-8").splitlines(keepends=True)
SIGNS = st.sampled_from([*" :-[]{}'\"#\t\n,|?~", "", ": ", "- ", " #", "*a", "&a ", "!t "])
WORDS = st.sampled_from(["null", "5", "true", "[]", "{}", "x", "${X}", "${", "$$", "select:[a,b(1,2)]"])
SNIPPETS = SIGNS | WORDS


@given(
    st.lists(
        st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, 80), st.integers(0, 30), SNIPPETS),
        min_size=1,
        max_size=4,
    )
)
def test_mutated_documents_end_in_findings(changes: list[tuple[int, int, int, str]]) -> None:
    """Whatever is cut out of or put into a document, there is a document or a finding, and both can be printed."""
    lines = list(LINES)
    for number, column, cut, snippet in changes:
        line = lines[number]
        lines[number] = line[:column] + snippet + line[column + cut :]
    document, diagnostics = read("".join(lines))

    assert (document is None) == any(d.severity == "error" for d in diagnostics)
    assert bool(render_text(diagnostics)) == bool(diagnostics)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["a", "10m", "50/s", "$", ""]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["from", "where", "select", "a", "by", "adapter", "emits", "states", "window"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ),
    st.sampled_from(["events", "inputs", "probes", "computations", "audits", "violations", "outputs", "placement",
                     "parameters", "runtime", "logging"]),
)  # fmt: skip
def test_any_tree_ends_in_findings(tree: object, section: str) -> None:
    """Whatever form a section has, reading it never raises."""
    document, diagnostics = read(HEAD + f"  {section}: {as_flow(tree)}\n")

    assert (document is None) == bool(diagnostics)


def as_flow(tree: object) -> str:
    """A tree as YAML in one line, which JSON is."""
    return json.dumps(tree)


def test_keys_in_quotes_are_one_step() -> None:
    """Where an input's `map` looks for a field: keys joined by dots, and dots within quotes are none."""
    document, _ = read(
        HEAD + "  events: {Call: {payload: {said: string, code: int}}}\n"
        "  inputs: {calls: {adapter: file, path: a, emits: Call, map: {said: 'notes.\"k8s.io/said\"', code: $.a.b}}}\n"
        "  outputs: {log: {adapter: stdout, from: calls}}\n"
    )
    assert document is not None
    assert [entry.steps for entry in document.inputs[0].map] == [("notes", "k8s.io/said"), ("a", "b")]
