"""Cost estimators: priced from the graph, or measured on a device."""
