"""Alembic's account of how a store came to its present form, one step a file in `versions/`."""
