"""Patterns in whole documents: rollouts and their anomalies, hosts that fall silent, and a limit that bites."""

from __future__ import annotations

from slac.compiler import compile_document
from slac.diagnostics import Source
from slac.testing.harness import Harness

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: rollouts}
spec:
  events:
    Anomaly: {payload: {namespace: string}}
    ContainerAnomaly: {extends: Anomaly, payload: {pod: string}}
    PulledImage: {payload: {namespace: string, pulled_image: string}}
    Break: {payload: {image: string, namespace: string}}
  inputs:
    pulls: {adapter: file, path: pulls.ndjson, emits: PulledImage, time: {unit: s}}
    anomalies: {adapter: file, path: anomalies.ndjson, emits: ContainerAnomaly, time: {unit: s}}
  computations:
    rollout_breaks:
      pattern: every a=PulledImage -> every b=ContainerAnomaly(namespace = a.namespace)
      within: 10m
      select: [{image: a.pulled_image}, {namespace: b.namespace}]
      emits: Break
    calm:
      pattern: every a=PulledImage -> (timer:interval(5m) and not Anomaly)
      by: namespace
      select: [a.pulled_image, {waited: SECONDS(EVENT_TIME() - a.event_time)}]
    bursts:
      pattern: every [3] x=ContainerAnomaly
      by: namespace
      within: 10m
      limit: 2
      select: [{first: "x[0].pod"}, {last: "x[-1].pod"}, {pods: x}]
    per_image:
      from: rollout_breaks
      by: image
      window: tumbling 1h
      select: [{n: COUNT(*)}]
  outputs:
    console: {adapter: stdout, from: [rollout_breaks, calm, bursts, per_image]}
"""


def ran(document: str = DOCUMENT) -> Harness:
    """A rollout in two namespaces, of which one breaks."""
    plan = compile_document(Source("rollouts.yaml", document)).plan
    harness = Harness(plan)
    pulls = [(0, "shop", "v1"), (30, "blog", "v7"), (700, "shop", "v2")]
    anomalies = [(60, "shop", "p1"), (120, "shop", "p2"), (400, "blog", "p3"), (720, "shop", "p4")]
    harness.give("pulls", [{"timestamp": t, "payload": {"namespace": n, "pulled_image": i}} for t, n, i in pulls])
    harness.give("anomalies", [{"timestamp": t, "payload": {"namespace": n, "pod": p}} for t, n, p in anomalies])
    harness.end()
    return harness


def test_rollouts_that_break() -> None:
    """Every anomaly within ten minutes of a rollout in its namespace; the rows can be read on."""
    harness = ran()
    assert harness.published("rollout_breaks").select("image", "namespace").rows() == [
        ("v1", "shop"),
        ("v1", "shop"),
        ("v7", "blog"),
        ("v2", "shop"),
    ]
    assert sorted(harness.published("per_image").select("image", "n").rows()) == [("v1", 2), ("v2", 1), ("v7", 1)]


def test_silence_after_an_event() -> None:
    """Five minutes without an anomaly, of any subtype, by namespace."""
    calm = ran().published("calm")
    assert calm.select("namespace", "pulled_image", "waited").rows() == [("blog", "v7", 300.0)]


def test_a_limit_that_bites_is_told() -> None:
    """What is gathered beyond the limit is given up, counted, and told once."""
    harness = ran(DOCUMENT.replace("limit: 2", "limit: 1"))
    assert harness.published("bursts").is_empty()
    assert [(g.block, g.bound, g.count) for g in harness.gave_up] == [("bursts", "limit: 1", 1)]


def test_a_match_that_is_complete_holds_nothing() -> None:
    """The event that completes a match does not count against the limit."""
    plan = compile_document(Source("rollouts.yaml", DOCUMENT)).plan
    harness = Harness(plan)
    rows = [{"timestamp": t, "payload": {"namespace": "shop", "pod": f"p{t}"}} for t in range(7)]
    harness.give("anomalies", rows)
    harness.end()
    assert harness.published("bursts").select("first", "last").rows() == [("p0", "p2"), ("p3", "p5")]
    assert not harness.gave_up
