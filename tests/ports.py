"""Where tests look for a free port."""

from slac.testing import free_port

__all__ = ["free_port"]
