"""What is known of the players and teams of a date from before that date."""
