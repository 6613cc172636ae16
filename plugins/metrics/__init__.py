"""Metrics: NumPy batches of outputs and targets in, figures out."""
