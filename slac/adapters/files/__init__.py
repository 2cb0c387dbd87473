"""Reading files in blocks that can be resumed: NDJSON that may still grow and rotate, and Arrow IPC."""
