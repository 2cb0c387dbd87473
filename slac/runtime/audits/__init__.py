"""The engine of audits and violations: keyed state machines over columns, stepped for all keys at once."""
