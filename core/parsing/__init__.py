"""Finds the channel graph of a network and verifies it by values."""
