"""Runs a yml: its steps, the folder of a run, what is left in it."""
