"""Synthetic transactions against HTTP endpoints: what a case is, and how one is run."""
