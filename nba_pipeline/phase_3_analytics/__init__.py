"""What happened in games, and who may play in the next ones; everything here is computed."""
