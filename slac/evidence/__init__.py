"""What a result was made of: log, lineage, why, replay and simulation."""
