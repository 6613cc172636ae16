"""Executors: where the candidates of a search are evaluated."""
