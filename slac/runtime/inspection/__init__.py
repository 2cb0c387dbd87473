"""Looking into a runtime while it runs: what it says of itself, over which sockets, and who may ask."""
