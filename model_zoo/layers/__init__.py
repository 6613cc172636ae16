"""Layers that the networks here share, with each framework's own defaults."""
