"""What the gate of each input must know: conditions hoisted to it, keys, and who needs how much of its events."""
