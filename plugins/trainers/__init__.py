"""Trainers, one file for each framework; what a yml may say about training is shared."""
