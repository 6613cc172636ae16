"""Rewards: what a trial is worth."""
