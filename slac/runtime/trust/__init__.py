"""Who may talk to a runtime: CURVE keys, the list of those that are allowed, and what each may do."""
