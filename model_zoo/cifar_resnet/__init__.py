"""Residual networks for images of CIFAR's size."""
