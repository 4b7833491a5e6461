"""What runs by itself: which work there is, whether it is asked for now, and who is told."""
