"""Procedure search: reading the message, the table of sayings, the index, ranking, deciding."""
