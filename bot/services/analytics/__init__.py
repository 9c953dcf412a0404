"""The figures of the administration: each defined once, counted by the database, of no person."""
