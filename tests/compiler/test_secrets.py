"""A secret stands in a plan as a reference, whatever the environment holds."""

from slac.compiler import CompileOptions, compile_document
from slac.diagnostics import Source
from slac.plan.render import RENDERERS

DOCUMENT = """
apiVersion: slac/v1
kind: SLA
metadata: {name: shop}
spec:
  events: {Order: {payload: {amount: float}}}
  inputs: {orders: {adapter: file, path: orders.ndjson, emits: Order}}
  violations: {low: {from: orders, where: amount < 0}}
  outputs:
    mail: {adapter: smtp, host: mx, sender: a@example.org, to: b@example.org, password: {env: SECRET}, from: low}
"""


def test_no_plan_shows_the_value() -> None:
    """In no format; what stands there is where the value comes from."""
    plan = compile_document(Source("sla.yaml", DOCUMENT), CompileOptions(environment={"SECRET": "hunter2"})).plan
    shown = {name: render(plan) for name, render in RENDERERS.items()}
    assert not [name for name, text in shown.items() if "hunter2" in text]
    assert plan["mail"].settings["password"] == {"$secret": {"env": "SECRET"}}  # type: ignore[union-attr]
