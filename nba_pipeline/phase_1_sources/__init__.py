"""What each source serves: one file per source, with the parser of its documents."""
