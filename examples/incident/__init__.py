"""A rollout that slows a service, to be explained."""
