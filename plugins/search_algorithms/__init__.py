"""Search algorithms: who chooses what is kept."""
