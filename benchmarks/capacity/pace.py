"""`python -m benchmarks.capacity.pace CALIBRATION`: how fast the machine is now, beside when it was calibrated."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from slac.calibration.pace import pace
from slac.shedding.capacity.calibration import load_calibration

if __name__ == "__main__":
    sys.stdout.write(json.dumps(pace(load_calibration(Path(sys.argv[1])), timer=time.process_time)))
