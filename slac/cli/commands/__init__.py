"""One file a command; the table is in `slac.cli.registry`."""
