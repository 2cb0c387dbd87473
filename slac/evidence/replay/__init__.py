"""A log run again: the same document with the same results, a part of it, or another document over the same events."""

from slac.evidence.replay.changed import Made, replay_changed
from slac.evidence.replay.compare import Outcome
from slac.evidence.replay.path import SubPath, sub_path
from slac.evidence.replay.same import Replayed, replay_same
from slac.evidence.replay.verdict_again import EvidenceAgain, VerdictsAgain, replay_evidence
from slac.evidence.replay.verdicts import BackTest, Difference, Said, differences

__all__ = [
    "BackTest",
    "Difference",
    "EvidenceAgain",
    "Made",
    "Outcome",
    "Replayed",
    "Said",
    "SubPath",
    "VerdictsAgain",
    "differences",
    "replay_changed",
    "replay_evidence",
    "replay_same",
    "sub_path",
]
