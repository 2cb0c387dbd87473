"""A small real shop over HTTP, to be watched: multi-step transactions, faults that can be switched, business events."""
