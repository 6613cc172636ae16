"""Operators of detectors in PyTorch."""
