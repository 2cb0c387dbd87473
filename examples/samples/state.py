"""Metrics of the objects of a cluster, under the names and labels of kube-state-metrics, made with prometheus_client.

kube-state-metrics itself could not be had where the sample was made; the objects that these numbers come from are those
of the real API server.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from examples.samples.cluster import Cluster

_UNITS: Final = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "m": 0.001}


def state_text(cluster: Cluster) -> bytes:
    """What a scrape of kube-state-metrics would say, as far as the rule sets read it."""
    registry = CollectorRegistry()
    registry.register(_Objects(cluster.objects("pods", "deployments", "nodes")))
    return generate_latest(registry)


class _Objects(Collector):
    def __init__(self, objects: list[dict[str, Any]]) -> None:
        self._objects = objects

    def collect(self) -> Iterator[Metric]:
        """Family by family."""
        yield from _pods([o for o in self._objects if o["kind"] == "Pod"])
        yield from _deployments([o for o in self._objects if o["kind"] == "Deployment"])
        allocatable = GaugeMetricFamily(
            "kube_node_status_allocatable", "What pods may use", labels=["node", "resource", "unit"]
        )
        for node in (o for o in self._objects if o["kind"] == "Node"):
            for resource in ("cpu", "memory"):
                labels = [node["metadata"]["name"], resource, _unit(resource)]
                allocatable.add_metric(labels, amount(node["status"]["allocatable"][resource]))
        yield allocatable


def _pods(pods: list[dict[str, Any]]) -> Iterator[Metric]:
    labels = ["namespace", "pod", "container", "node", "resource", "unit"]
    limits = GaugeMetricFamily("kube_pod_container_resource_limits", "The most that a container may use", labels=labels)
    requests = GaugeMetricFamily("kube_pod_container_resource_requests", "What a container is promised", labels=labels)
    restarts = CounterMetricFamily(
        "kube_pod_container_status_restarts", "How often a container was started again", labels=labels[:3]
    )
    for pod in pods:
        name = [pod["metadata"]["namespace"], pod["metadata"]["name"]]
        for container in pod["spec"]["containers"]:
            place = [*name, container["name"], pod["spec"].get("nodeName", "")]
            for family, said in ((limits, "limits"), (requests, "requests")):
                for resource, value in container.get("resources", {}).get(said, {}).items():
                    family.add_metric([*place, resource, _unit(resource)], amount(value))
        for status in pod["status"].get("containerStatuses", ()):
            restarts.add_metric([*name, status["name"]], status["restartCount"])
    yield from (limits, requests, restarts)


def _deployments(deployments: list[dict[str, Any]]) -> Iterator[Metric]:
    labels = ["namespace", "deployment"]
    wanted = GaugeMetricFamily("kube_deployment_spec_replicas", "Wanted replicas", labels=labels)
    there = GaugeMetricFamily("kube_deployment_status_replicas_available", "Replicas that serve", labels=labels)
    for deployment in deployments:
        name = [deployment["metadata"]["namespace"], deployment["metadata"]["name"]]
        wanted.add_metric(name, deployment["spec"]["replicas"])
        there.add_metric(name, deployment["status"].get("availableReplicas", 0))
    yield from (wanted, there)


def amount(text: str) -> float:
    """A quantity of Kubernetes as a number: `250m`, `64Mi`, `2`."""
    unit = next((u for u in _UNITS if text.endswith(u)), "")
    return float(text.removesuffix(unit)) * _UNITS.get(unit, 1)


def _unit(resource: str) -> str:
    return "core" if resource == "cpu" else "byte"
