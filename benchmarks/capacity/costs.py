"""`python -m benchmarks.capacity.costs FILE [quick]`: calibrate with one thread on one core, and write the file."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from slac.calibration import calibrate
from slac.shedding.capacity.calibration import encode_calibration

if __name__ == "__main__":
    Path(sys.argv[1]).write_bytes(encode_calibration(calibrate(timer=time.process_time, quick="quick" in sys.argv)))
    sys.stdout.write("{}")
