"""Why a verdict was said, from the logs: the tree from it to the raw events; and why another one was not."""

from slac.evidence.why.build import explain
from slac.evidence.why.find import Found, find
from slac.evidence.why.step import Group, Step, Why
from slac.evidence.why.text import as_text

__all__ = ["Found", "Group", "Step", "Why", "as_text", "explain", "find"]
