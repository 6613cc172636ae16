"""Exporters: one file for each format and framework; what is checked is shared."""
