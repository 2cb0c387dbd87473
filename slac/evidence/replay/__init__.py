"""A log run again: the same document with the same results, a part of it, or another document over the same events."""

from slac.evidence.replay.compare import Outcome
from slac.evidence.replay.path import SubPath, sub_path
from slac.evidence.replay.same import Replayed, replay_same

__all__ = ["Outcome", "Replayed", "SubPath", "replay_same", "sub_path"]
