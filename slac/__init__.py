"""slac: a declarative SLA-monitoring compiler and runtime."""

__version__ = "0.1.0"
