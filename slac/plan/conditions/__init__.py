"""What can be shown about conditions before any row is seen: which values make them true, and whether two overlap."""
