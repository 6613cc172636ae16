"""Trainers, one folder for each framework; the loop, and what a yml may say about training, are shared."""
