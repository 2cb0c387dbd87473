"""What runs in a container of the sample: a web server's work, told as spans by the OpenTelemetry SDK.

`python -m examples.samples.pod --pod NAME --node NAME --version 1.4 --out spans.ndjson --seconds 60`
It needs `pip install opentelemetry-sdk`. Version 1.5 burns a core, and answers slowly.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import click
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, Tracer


@click.command()
@click.option("--pod", required=True)
@click.option("--node", required=True)
@click.option("--version", default="1.4")
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--seconds", default=60.0)
def main(pod: str, node: str, version: str, out: Path, seconds: float) -> None:
    """Answer about one request a second, for so long."""
    resource = Resource(
        {
            "service.name": "web",
            "service.version": version,
            "k8s.pod.name": pod,
            "k8s.node.name": node,
            "k8s.namespace.name": "shop",
        }
    )
    provider = TracerProvider(resource=resource)
    end = time.monotonic() + seconds
    with out.open("w", encoding="utf-8") as file:
        provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=file, formatter=_line)))
        if version != "1.4":
            threading.Thread(target=_burn, args=(end,), daemon=True).start()
        for number in range(10_000):
            if time.monotonic() > end:
                break
            _answer(provider.get_tracer("shop"), number, slow=version != "1.4")
            time.sleep(0.8)
        provider.shutdown()


def _answer(tracer: Tracer, number: int, *, slow: bool) -> None:
    with tracer.start_as_current_span("GET /product", kind=SpanKind.SERVER) as span:
        span.set_attribute("http.request.method", "GET")
        with tracer.start_as_current_span("render"):
            time.sleep(0.4 if slow else 0.02 + number % 7 / 1000)
        if number % 20 == 11:
            span.set_status(Status(StatusCode.ERROR, "no such product"))


def _burn(end: float) -> None:
    while time.monotonic() < end:
        sum(range(10_000))


def _line(span: ReadableSpan) -> str:
    return json.dumps(json.loads(span.to_json()), separators=(",", ":")) + "\n"


if __name__ == "__main__":
    main()
