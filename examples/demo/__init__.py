"""The demo: a real shop, watched by two runtimes while it fails, recovers, and the watchdog falls silent."""
