"""The provincial assistant for administrative procedures: everything but Rasa's own process."""
