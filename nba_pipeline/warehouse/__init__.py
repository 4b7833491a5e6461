"""Where tables are kept: one protocol, one implementation per kind of warehouse.

Knows no table and no phase; a table arrives as a Storage, its rows and its stamps.
"""

import ibis

# Merging selections takes ibis as long as all else of compiling, and repeats what is used twice.
ibis.options.sql.fuse_selects = False
