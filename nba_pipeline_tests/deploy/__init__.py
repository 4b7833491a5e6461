"""What deploy/ says, tried where it can be."""
