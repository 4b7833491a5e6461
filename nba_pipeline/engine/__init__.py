"""What computes a declared table: inputs, staleness, verdicts; no table file imports it."""
