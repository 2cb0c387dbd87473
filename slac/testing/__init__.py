"""The public testing kit: a manual clock, scripted sources and a harness around the runtime."""
