"""A secret stands in a plan as a reference, whatever the environment holds."""

import pytest

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


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://slac:hush@db/limits", True),
        ("postgresql+psycopg://slac:a/b#c?d@db/limits", True),
        ("postgresql://:hush@db/limits", True),
        ("postgresql://db/limits?user=slac&password=hush", True),
        ("${DB}", True),
        ("postgresql://slac@db:5432/limits", False),
        ("postgresql://db:5432/limits?application_name=a@b", False),
        ("sqlite:///limits.db", False),
    ],
)
def test_a_password_inside_an_address_is_told(url: str, *, said: bool) -> None:
    """A table's `url` stands in the plan as it is; the text form of the plan does not show it."""
    table = f'limits: {{url: "{url}", table: limits, columns: {{shop: string, most: float}}, key: shop}}'
    join = "high: {from: orders, join: {t: {table: limits, by: shop}}, where: amount > t.most}"
    text = DOCUMENT.replace("  violations:", f"  tables:\n    {table}\n  computations:\n    {join}\n  violations:")
    text = text.replace("amount: float}", "amount: float, shop: string}").replace(
        "low: {from: orders", "low: {from: high"
    )
    options = CompileOptions(environment={"DB": "postgresql://slac:hush@db/limits"})
    compiled = compile_document(Source("sla.yaml", text), options)
    assert [d.code for d in compiled.diagnostics if d.code == "adapters/secret"] == ["adapters/secret"] * said
    assert "hush" not in RENDERERS["text"](compiled.plan)
