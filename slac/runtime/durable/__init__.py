"""What survives a crash: checkpoints in pieces named by their content, and journals of what cannot be read again."""
