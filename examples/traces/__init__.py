"""Recorded traces: real runs of the watchdog against the example shop, to be read again by `slac run --once`."""
