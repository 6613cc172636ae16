"""How pruning works; imports no framework."""
