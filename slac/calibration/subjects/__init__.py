"""What is measured: one module a family of kinds, each with a function that lists its trials."""

from slac.calibration.subjects.alarms import alarms
from slac.calibration.subjects.rim import rim
from slac.calibration.subjects.streams import streams

__all__ = ["alarms", "rim", "streams"]
