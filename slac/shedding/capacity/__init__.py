"""The capacity model: what a plan will use, before it runs, and the highest load that fits its budgets.

Nothing is imported here: whoever compiles needs the calibration, not the model.
"""
