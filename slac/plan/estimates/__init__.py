"""What a gate that drops does to aggregates: weighted values, and intervals that hold the true one."""
