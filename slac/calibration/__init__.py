"""Measuring what the real operators cost on this machine, and fitting the lines that the capacity model uses."""

from slac.calibration.calibrate import calibrate

__all__ = ["calibrate"]
