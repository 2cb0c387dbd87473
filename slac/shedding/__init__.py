"""Staying inside the budget: the gate, the budget and its readings, the controller, and the capacity model."""
