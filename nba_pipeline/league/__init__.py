"""Basketball and its calendar: seasons, identities, schedule, box score formulas; no I/O."""
