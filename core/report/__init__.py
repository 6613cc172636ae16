"""The channel graph for people and programs: as a table, as JSON, as a drawing."""
