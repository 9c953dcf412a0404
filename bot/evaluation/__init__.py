"""Measures understanding with the trained model and the same code that answers citizens."""
