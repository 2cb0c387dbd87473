"""Documents and their versions, deployments, states and violations."""
