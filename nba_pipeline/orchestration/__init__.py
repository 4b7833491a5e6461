"""What Dagster sees: assets, events, partitions, the session of a run, the instance."""
