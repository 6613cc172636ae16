"""Which channels go first."""
