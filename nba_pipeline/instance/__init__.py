"""Dagster's instance: how its events are kept."""
