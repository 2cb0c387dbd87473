"""Patterns by columns: the common shapes, all rows of a batch at once, with state in sorted runs."""
