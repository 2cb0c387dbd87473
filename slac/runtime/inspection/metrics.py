"""A runtime's status in the form that Prometheus scrapes, and whether it is well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import CollectorRegistry

from slac.runtime.inspection.status import RuntimeStatus, SendingStatus
from slac.stream.clock import SECOND

CONTENT_TYPE = CONTENT_TYPE_LATEST


def exposition(status: RuntimeStatus) -> bytes:
    """The text of `/metrics`."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(status))
    return generate_latest(registry)


class _Collector:
    def __init__(self, status: RuntimeStatus) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status
        yield _gauge("slac_info", "What runs here.", [({"version": status.slac, "digest": status.digest}, 1)], status)
        yield _gauge("slac_start_time_seconds", "When the runtime began.", [({}, status.started / SECOND)], status)
        yield from self._inputs()
        yield from self._blocks()
        yield from self._links()
        yield from self._outputs()
        yield from self._usage()

    def _inputs(self) -> Iterator[Metric]:
        status, inputs = self._status, self._status.inputs.items()
        seen = [({"input": n}, i.counts.seen) for n, i in inputs]
        yield _counter("slac_input_records", "Records that an input has seen.", seen, status)
        counted = [({"input": n}, i.counts.counted) for n, i in inputs]
        yield _counter("slac_input_counted_records", "Dropped records that were counted before.", counted, status)
        dropped = [({"input": n, "reason": r}, c) for n, i in inputs for r, c in i.counts.dropped.items()]
        yield _counter("slac_input_dropped_records", "Records that the gate has dropped.", dropped, status)
        bad = [({"input": n}, i.counts.quarantined) for n, i in inputs]
        yield _counter("slac_input_quarantined_records", "Records that could not be used.", bad, status)
        late = [({"input": n}, i.counts.late) for n, i in inputs]
        yield _counter("slac_input_late_records", "Records behind the watermark.", late, status)
        unheard = [({"input": n}, i.counts.unheard) for n, i in inputs]
        what = "Times that reading waited while a publisher went on, and dropped what is in no count."
        yield _counter("slac_input_unheard", what, unheard, status)
        pressed = [({"input": n}, i.counts.pressed) for n, i in inputs]
        yield _counter("slac_input_pressed", "Times that reading waited while senders waited too.", pressed, status)
        own = [({"input": n, "reason": r}, c) for n, i in inputs for r, c in i.counts.unweighted.items()]
        what = "Spans that count for themselves, because no sampler says for how many they stand."
        yield _counter("slac_input_unweighted_spans", what, own, status)
        share = [({"input": n}, i.fraction) for n, i in inputs]
        yield _gauge("slac_gate_admitted_ratio", "The share of records that the gate admits.", share, status)
        queued = [({"input": n}, i.queued_bytes) for n, i in inputs]
        yield _gauge("slac_input_queued_bytes", "Bytes read and not worked on yet.", queued, status)
        lag = [({"input": n}, (status.now - i.watermark) / SECOND) for n, i in inputs if i.watermark is not None]
        yield _gauge("slac_input_watermark_lag_seconds", "How far event time is behind the clock.", lag, status)

    def _blocks(self) -> Iterator[Metric]:
        status, blocks = self._status, self._status.blocks.items()
        rows = [({"block": n}, b.rows) for n, b in blocks]
        yield _counter("slac_block_rows", "Rows that a block has given out.", rows, status)
        late = [({"block": n}, b.late) for n, b in blocks]
        yield _counter("slac_block_late_rows", "Rows that were late for a block.", late, status)
        held = [({"block": n, "what": w}, c) for n, b in blocks for w, c in b.held.items()]
        yield _gauge("slac_block_held", "What the operators of a block hold.", held, status)

    def _links(self) -> Iterator[Metric]:
        status = self._status
        up = [({"peer": n}, float(p.connected)) for n, p in status.peers.items()]
        yield _gauge("slac_peer_connected", "Whether an instance that sends here is connected.", up, status)
        quiet = [({"peer": n}, (status.now - p.heard) / SECOND) for n, p in status.peers.items()]
        yield _gauge("slac_peer_silent_seconds", "For how long an instance has not been heard.", quiet, status)
        lost = [({"peer": n}, float(p.silent is not None and not p.forgotten)) for n, p in status.peers.items()]
        yield _gauge("slac_peer_lost", "Whether it has been silent for `hold` and is not back.", lost, status)
        known = [({"block": t.block, "of": f"{t.node}/{t.instance}", "what": t.what}, 1) for t in status.troubles]
        yield _gauge("slac_trouble", "What is wrong, here and with those that send here.", known, status)
        if status.sending is not None:
            connected: _Samples = [({}, float(status.sending.connected))]
            yield _gauge("slac_link_connected", "Whether the receiver answers.", connected, status)
            held: _Samples = [({}, status.sending.waiting_bytes)]
            yield _gauge("slac_link_waiting_bytes", "What the receiver has not made safe.", held, status)
            yield from self._buffer(status.sending)

    def _buffer(self, sending: SendingStatus) -> Iterator[Metric]:
        status = self._status
        on_disk: _Samples = [({}, sending.disk_bytes)]
        yield _gauge("slac_link_disk_bytes", "What waits on disk for the receiver.", on_disk, status)
        refusals: _Samples = [({}, sending.disk_refusals)]
        yield _counter("slac_link_disk_refusals", "How often the disk began to take no more.", refusals, status)
        lost: _Samples = [({}, sending.lost_messages)]
        yield _counter("slac_link_lost_messages", "Messages that could not be read back from disk.", lost, status)

    def _outputs(self) -> Iterator[Metric]:
        status, outputs = self._status, self._status.outputs.items()
        out = [({"output": n}, o.published) for n, o in outputs]
        yield _counter("slac_output_published_rows", "Rows that an output has taken.", out, status)
        waiting = [({"output": n}, o.waiting) for n, o in outputs]
        yield _gauge("slac_output_waiting_rows", "Rows that wait for an output.", waiting, status)
        failures = [({"output": n}, o.failures) for n, o in outputs]
        yield _counter("slac_output_failures", "Tries that an output did not take.", failures, status)

    def _usage(self) -> Iterator[Metric]:
        status, budget, reading = self._status, self._status.budget, self._status.reading
        yield _gauge("slac_budget_cpu_cores", "CPU that may be used.", [({}, budget.cpu_cores)], status)
        yield _gauge("slac_budget_memory_bytes", "Memory that may be used.", [({}, budget.memory_bytes)], status)
        if reading is not None:
            yield _gauge("slac_cpu_cores", "CPU used, mean of a second.", [({}, reading.cpu_cores)], status)
            yield _gauge("slac_memory_bytes", "Resident memory.", [({}, reading.memory_bytes)], status)
            yield _gauge("slac_network_bits", "Bits a second over links.", [({}, reading.network_bits)], status)
        yield _counter("slac_checkpoints", "Checkpoints written.", [({}, status.checkpoint)], status)
        if status.checkpoint_taken is not None:
            age: _Samples = [({}, (status.now - status.checkpoint_taken) / SECOND)]
            yield _gauge("slac_checkpoint_age_seconds", "Since the last checkpoint was taken.", age, status)


_Samples = Sequence[tuple[dict[str, str], float]]


def _gauge(name: str, text: str, samples: _Samples, status: RuntimeStatus) -> Metric:
    return _filled(GaugeMetricFamily, name, text, samples, status)


def _counter(name: str, text: str, samples: _Samples, status: RuntimeStatus) -> Metric:
    return _filled(CounterMetricFamily, name, text, samples, status)


def _filled(
    kind: type[GaugeMetricFamily | CounterMetricFamily], name: str, text: str, samples: _Samples, status: RuntimeStatus
) -> Metric:
    common = {"document": status.document, "node": status.node, "instance": status.instance}
    own = [*samples[0][0]] if samples else []
    family = kind(name, text, labels=[*common, *own])
    for labels, value in samples:
        family.add_metric([*common.values(), *labels.values()], value)
    return family
