"""The data platform behind NBA player-points predictions: one Dagster asset graph."""
