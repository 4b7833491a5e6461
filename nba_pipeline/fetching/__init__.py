"""Phase 1 at work: asking hosts, checking what they answer, and putting whole files in place.

No lease is taken: the landing zone is no table. A file appears whole by a rename, so that of two
writers the last one stands with a whole file, and what is computed from it is decided by its content.
"""
