"""The algebra of looking back: timelines, windows, provenance, recomputed samples."""
