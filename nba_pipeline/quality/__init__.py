"""How whole the data is: status, gaps, explanations, checkpoints."""
