"""Outputs, one module an adapter, each with `build(settings, context)`; found by the entry points `slac.outputs`."""
