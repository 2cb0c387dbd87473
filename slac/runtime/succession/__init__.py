"""From one plan to the next while a runtime runs: what of its state goes on, and in which form."""
