"""Training in MindSpore."""
