"""Procedures as typed records, and the file formats they are read from."""
