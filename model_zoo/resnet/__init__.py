"""Residual networks for images of ImageNet's size."""
