"""Aggregates of keys by columns: rows of a key together, sums by prefixes, extremes by halves."""
