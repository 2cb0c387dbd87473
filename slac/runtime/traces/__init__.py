"""Records of calls become traces: cut into traces, judged, classed, repaired; all by columns."""
