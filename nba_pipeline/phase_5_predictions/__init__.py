"""Features, models, predictions and their grades."""
