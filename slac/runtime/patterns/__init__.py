"""The general evaluator of patterns: a tree of instances per key, fed with events in order, told the time; no I/O."""
