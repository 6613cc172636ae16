"""Other people's collections of networks, each model by its name there; nothing is imported until one is asked for."""
