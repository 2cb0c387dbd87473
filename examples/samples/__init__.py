"""Samples of what real tools emit, small, and the scripts that made them."""
