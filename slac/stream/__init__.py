"""What flows: batches of columns, their order, ids and types, clocks, and the seams to adapters."""
