"""Runs the blocks of one node: a core without I/O, operators, audits, links and checkpoints."""
