"""What passes between a channel and the assistant, and who answers."""
