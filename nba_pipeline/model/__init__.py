"""Models and prediction systems: know features, not tables."""
